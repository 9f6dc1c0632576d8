"""Fixtures and settings that all test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from pipeline import buckets
from tests.browser import CHROMIUM, FLAGS
from tests.building import build_warehouse
from tests.console import Console
from tests.paths import SAMPLES, VECTORS
from tests.site import REAL, Site, copied

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.buckets import Buckets

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
def samples_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a warehouse of the five real documents; a test that changes it fails the run."""
    warehouse = tmp_path_factory.mktemp("samples") / "warehouse"
    build_warehouse(warehouse, SAMPLES)
    built = _contents(warehouse)
    yield warehouse
    assert _contents(warehouse) == built


def _contents(directory: Path) -> dict[Path, bytes]:
    """Return the bytes of every file below a directory."""
    return {file: file.read_bytes() for file in directory.rglob("*") if file.is_file()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a mirror of the five real documents; nothing is built yet."""
    site = Site(tmp_path)
    site.put_all(REAL)
    return site


@pytest.fixture(scope="session")
def set_aside(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return where a built mirror of the real documents is kept, and the root it was built at."""
    folder = tmp_path_factory.mktemp("built")
    site = Site(folder / "site")
    site.put_all(REAL)
    site.build()
    return site.root.rename(folder / "aside"), site.root


@pytest.fixture
def built_site(set_aside: tuple[Path, Path]) -> Iterator[Site]:
    """Yield a mirror of the five real documents that was built once; a test may change it."""
    with copied(*set_aside) as site:
        yield site


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Console:
    """Return a function that runs `pith-etl` with arguments."""
    return Console(monkeypatch, capsysbinary)


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    """Yield a running server."""
    from tests.buckets import Buckets  # noqa: PLC0415 - few tests need what takes seconds

    server = Buckets()
    yield server
    server.stop()


@pytest.fixture
def bucket(server: Buckets, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """Yield a server with one empty bucket, which the environment names; retries hardly wait."""
    server.begin()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    quick = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5)}
    retries = {"max_retries": 3, "backoff": {**quick, "base": 2}}
    monkeypatch.setattr(buckets, "RETRIES", buckets.RETRIES | retries)
    buckets.forget()
    yield server
    buckets.forget()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium, or skip the test without it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - few tests need what takes long

    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()
