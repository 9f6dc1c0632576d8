"""What the tests of commands share."""

from __future__ import annotations

from functools import partial

import pytest

from tests.console import Build, Console
from tests.site import Site


def _build(console: Console, site: Site) -> Build:
    given = ("--warehouse", site.warehouse, "--workers", 1, "--progress", "none")
    return partial(console, "build", site.mirror, *given)


@pytest.fixture
def build(site: Site, console: Console) -> Build:
    """Return a function that runs `pith-etl build` on the mirror `site`."""
    return _build(console, site)


@pytest.fixture
def rebuild(built_site: Site, console: Console) -> Build:
    """Return a function that runs `pith-etl build` on the mirror `built_site`, built before."""
    return _build(console, built_site)
