"""Build documents in a temporary warehouse and look at the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.documents.keyring import load
from pipeline.duck import Connection, literal
from pipeline.jobs.build import BuildConfig, make_snapshot
from pipeline.resources import default_keyring

#: What a case's folder holds beside its documents.
_NO_DOCUMENTS = ("keyring.json", "expected.json", "why.txt")


@contextmanager
def built(sources: Sequence[Path], warehouse: Path, keyring: Path | None) -> Iterator[Connection]:
    """Build documents and yield a connection that sees the tables."""
    paths = [str(path) for path in sources]
    config = BuildConfig(paths, warehouse, load(keyring or default_keyring()), workers=1)
    snapshot = make_snapshot(config, lambda _stage, _done, _total: None)
    with duckdb.connect() as connection:
        for table in catalog.tables():
            file = snapshot / table / "*.parquet"
            connection.execute(f"create view {table} as from read_parquet({literal(str(file))})")
        yield connection


@contextmanager
def built_case(folder: Path, warehouse: Path) -> Iterator[Connection]:
    """Build the documents of a case, with its own keyring if it has one."""
    keyring = folder / "keyring.json"
    documents = sorted(file for file in folder.iterdir() if file.name not in _NO_DOCUMENTS)
    with built(documents, warehouse, keyring if keyring.exists() else None) as connection:
        yield connection


def findings(connection: Connection) -> list[dict[str, str | None]]:
    """Return the findings as `expected.json` lists them, in order."""
    rows = connection.execute(
        """
        select severity, code, parse_filename(path), pointer
        from findings
        order by list_position(['critical', 'error', 'warning', 'info'], severity), 2, 3, 4
        """
    ).fetchall()
    names = ("severity", "code", "file", "pointer")
    return [dict(zip(names, row, strict=True)) for row in rows]
