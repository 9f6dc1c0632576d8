"""The published tables as DuckDB views, the views and macros over them, each with a comment."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.duck import Connection, literal, parquet, quote
from pipeline.warehouse.snapshot import MANIFEST, table_files, written_files

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
        # in one transaction: one for each statement would double the time of a small build
        connection.begin()
        create_views(connection, snapshot.resolve())
        for table in (*catalog.tables().values(), *catalog.views().values()):
            comment(connection, table, "view", quote(table.name))
        connection.commit()


def create_views(connection: Connection, snapshot: Path) -> None:
    """Create a view of every table of a snapshot, the views over them, and the macros."""
    for table in catalog.tables().values():
        view = quote(table.name)
        connection.execute(f"create view {view} as from {_rows(snapshot, table.name)}")
    _create_derived(connection)
    for macro in catalog.macros():
        _create_macro(connection, macro, _with_tables(macro, snapshot))


def complete(connection: Connection) -> None:
    """Create the views and the macros beside the tables of the database that is in use.

    The macros read the tables of the database where they are called. So they work where the file
    is opened or used, and not where it is merely attached.
    """
    _create_derived(connection)
    for view in catalog.views().values():
        comment(connection, view, "view", quote(view.name))
    for macro in catalog.macros():
        _create_macro(connection, macro, macro.sql)


def _create_derived(connection: Connection) -> None:
    for name in catalog.views():
        connection.execute(f"create view {quote(name)} as {catalog.view_sql(name)}")


def _create_macro(connection: Connection, macro: catalog.Macro, sql: str) -> None:
    name = quote(macro.name)
    parameters = ", ".join(parameter.name for parameter in macro.parameters)
    connection.execute(f"create macro {name}({parameters}) as table {sql}")
    connection.execute(f"comment on macro table {name} is {literal(macro.meaning)}")


def _with_tables(macro: catalog.Macro, snapshot: Path) -> str:
    """Return the SQL of a table macro that carries the tables it reads.

    DuckDB looks up the names in a macro where it is called, so that in an attached database
    file it would not find the views that stand beside it.
    """
    tables = ", ".join(
        f"{quote(table)} as not materialized (from {_rows(snapshot, table)})"
        for table in catalog.tables()
        if re.search(rf"\b{table}\b", macro.sql)
    )
    return f"with {tables} from ({macro.sql})"


def _rows(snapshot: Path, table: str) -> str:
    """Return the relation of a table's rows, of a snapshot that is finished or not."""
    finished = (snapshot / MANIFEST).exists()
    return parquet((table_files if finished else written_files)(snapshot, table))


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
