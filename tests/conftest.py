"""Fixtures and settings that all test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.building import build_warehouse
from tests.console import Console
from tests.paths import SAMPLES, VECTORS
from tests.site import REAL, Site

# the same examples on every machine, none of which fails for being slow
settings.register_profile(
    "reproducible",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Return the directory of the public test vectors, or skip the test without them."""
    if not VECTORS.is_dir():
        pytest.skip(f"the public test vectors are not at {VECTORS}")
    return VECTORS


@pytest.fixture(scope="session")
def samples_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse of the five real documents; no test may change it."""
    warehouse = tmp_path_factory.mktemp("samples") / "warehouse"
    build_warehouse(warehouse, SAMPLES)
    return warehouse


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a mirror of the five real documents; nothing is built yet."""
    site = Site(tmp_path)
    site.put_all(REAL)
    return site


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Console:
    """Return a function that runs `pith-etl` with arguments."""
    return Console(monkeypatch, capsysbinary)
