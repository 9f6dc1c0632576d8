"""Servers that tests of the sources share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline import buckets

if TYPE_CHECKING:
    from tests.sources.buckets import Buckets


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    """Yield a running server."""
    from tests.sources.buckets import Buckets  # noqa: PLC0415 - few tests need what takes seconds

    server = Buckets()
    yield server
    server.stop()


@pytest.fixture
def bucket(server: Buckets, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """Yield a server with one empty bucket, which the environment names; it is not waited for."""
    server.begin()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    quick = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5)}
    retries = {"max_retries": 3, "backoff": {**quick, "base": 2}}
    monkeypatch.setattr(buckets, "RETRIES", buckets.RETRIES | retries)
    buckets.forget()
    yield server
    buckets.forget()
