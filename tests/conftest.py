"""Fixtures that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.paths import VECTORS


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Return the directory of the public test vectors, or skip the test without them."""
    if not VECTORS.is_dir():
        pytest.skip(f"the public test vectors are not at {VECTORS}")
    return VECTORS
