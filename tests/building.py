"""Building warehouses in tests, by the function that the command line calls."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pipeline import Warehouse
from pipeline.documents.keyring import Keyring, load
from pipeline.jobs.build import BuildConfig, Summary, build
from pipeline.resources import default_keyring

_KEYRING = load(default_keyring())


def build_warehouse(
    target: Path,
    *sources: Path | str,
    workers: int = 1,
    keyring: Keyring = _KEYRING,
    **options: Any,  # noqa: ANN401 - fields of BuildConfig
) -> Summary:
    """Build the sources into a warehouse, quietly, trusting the registry's key or others."""
    config = BuildConfig([str(source) for source in sources], target, keyring, workers, **options)
    return build(config, lambda _stage, _done, _total: None)


@cache
def _opened(warehouse: Path, _snapshot: Path) -> Warehouse:
    return Warehouse(warehouse)


def rows(warehouse: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds in the published tables.

    A snapshot is opened once, for all its queries.
    """
    opened = _opened(warehouse, (warehouse / "current").resolve())
    return opened.connection.execute(query).fetchall()


def close_all() -> None:
    """Forget the opened snapshots: a later test may put others at their paths."""
    _opened.cache_clear()


def count(warehouse: Path, table: str) -> int:
    """Return the number of rows of a published table."""
    found = rows(warehouse, f"select count(*) from {table}")  # noqa: S608 - a table of ours
    number = found[0][0]
    assert isinstance(number, int)
    return number
