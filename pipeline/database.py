"""The published tables as DuckDB views, each with its meaning as a comment."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.model import Connection, literal, quote

#: Readable by DuckDB from 1.2 on; the default of 2.0 would shut older clients out.
STORAGE_VERSION = "v1.2.0"


def write_database(path: Path, snapshot: Path) -> None:
    """Write a database file of views over a snapshot, for any DuckDB client.

    Args:
        path: the file to write; it must not exist.
        snapshot: the snapshot's folder. The views name it by its absolute path, because
            DuckDB resolves relative ones against each client's working directory.
    """
    with duckdb.connect() as connection:
        connection.execute(
            f"attach {literal(str(path))} as target (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute("use target")
        create_views(connection, snapshot.resolve())


def create_views(connection: Connection, snapshot: Path) -> None:
    """Create a commented view of every table of a snapshot."""
    for table in catalog.tables().values():
        view = quote(table.name)
        files = literal(f"{snapshot}/{table.name}/*.parquet")
        connection.execute(f"create view {view} as from read_parquet({files})")
        comment(connection, table, "view", view)


def comment(connection: Connection, table: catalog.Table, kind: str, name: str) -> None:
    """Comment a table, or the view of one, and its columns with their meanings.

    Args:
        connection: where it is.
        table: what it is.
        kind: `table` or `view`.
        name: its name, quoted.
    """
    connection.execute(f"comment on {kind} {name} is {literal(table.meaning)}")
    for column in table.columns:
        full = f"{name}.{quote(column.name)}"
        connection.execute(f"comment on column {full} is {literal(column.meaning)}")
