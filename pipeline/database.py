"""The published tables as DuckDB views, each with its meaning as a comment."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.model import Connection, literal, quote

#: Readable by DuckDB from 1.2 on; the default of 2.0 would shut older clients out.
_STORAGE_VERSION = "v1.2.0"


def write_database(path: Path, snapshot: Path) -> None:
    """Write a database file of views over a snapshot, for any DuckDB client.

    Args:
        path: the file to write; it must not exist.
        snapshot: the snapshot's folder. The views name it by its absolute path, because
            DuckDB resolves relative ones against each client's working directory.
    """
    with duckdb.connect() as connection:
        connection.execute(
            f"attach {literal(str(path))} as target (storage_version '{_STORAGE_VERSION}')"
        )
        connection.execute("use target")
        create_views(connection, snapshot.resolve())


def create_views(connection: Connection, snapshot: Path) -> None:
    """Create a commented view of every table of a snapshot."""
    for table in catalog.tables().values():
        view = quote(table.name)
        files = literal(f"{snapshot}/{table.name}/*.parquet")
        connection.execute(f"create view {view} as from read_parquet({files})")
        connection.execute(f"comment on view {view} is {literal(table.meaning)}")
        for column in table.columns:
            name = f"{view}.{quote(column.name)}"
            connection.execute(f"comment on column {name} is {literal(column.meaning)}")
