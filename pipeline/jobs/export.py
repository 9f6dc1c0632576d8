"""Exports: the published tables as files for other tools, streamed, so that memory stays flat.

An export is written aside and renamed: its directory is complete or is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb

from pipeline import catalog
from pipeline.catalog import Column, Table
from pipeline.duck import Connection, connect, literal, quote
from pipeline.errors import UsageError, WarehouseError
from pipeline.extras import import_extra
from pipeline.formats import ExportFormat
from pipeline.interrupts import interruptible
from pipeline.model.tables import metadata
from pipeline.text import FORMULA
from pipeline.warehouse import snapshot
from pipeline.warehouse.views import STORAGE_VERSION, comment, complete, create_views

#: The single file of the formats `duckdb` and `sqlite`.
DATABASE = "pith"

#: ISO 8601, as `pith-etl sql` prints it; times are UTC.
_TIME = "%Y-%m-%dT%H:%M:%S.%f"

#: Columns by which people look rows up, beside the keys.
_LOOKED_UP = (
    "pith_number",
    "citing_pith_number",
    "citing_arxiv_id",
    "value",
    "sha256",
    "document_sha256",
)

_FETCH = 2048


def export(
    warehouse: Path, names: Sequence[str], form: ExportFormat, output: Path
) -> dict[str, int]:
    """Write tables of the published snapshot into a new directory; return their rows.

    `parquet`, `csv` and `jsonl` give a file a table, `duckdb` and `sqlite` one file `pith.*`
    with real tables, `delta` a folder a table. A view that is named is written as a table of its
    rows. A DuckDB file of all tables has the views and the macros, too.

    Args:
        warehouse: where a snapshot is published.
        names: the tables and views; none means all tables.
        form: one of `FORMATS`.
        output: the directory to make; an existing one must be empty.

    Raises:
        UsageError: there is no such table or view, the directory holds something, or the library
            that writes the format is not installed.
        WarehouseError: nothing is published, a table is damaged, or the directory cannot be
            written.
    """
    chosen = {name: catalog.relation(name) for name in names} or catalog.tables()
    folder = snapshot.current(warehouse)
    try:
        with (
            _aside(output.resolve()) as (directory, spill),
            # several threads keep rows in order by holding them in memory
            connect(spill, threads=1) as connection,
            interruptible(connection),
            snapshot.reading(folder),
        ):
            create_views(connection, folder)
            rows = _write(connection, list(chosen.values()), form, directory)
            if form == "duckdb" and not names:
                _complete(connection, directory / f"{DATABASE}.duckdb")
            return rows
    except (OSError, sqlite3.OperationalError, duckdb.IOException) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"cannot write {output}: {reason}"
        raise WarehouseError(message) from error


@contextmanager
def _aside(output: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a directory that becomes `output` if all goes well, and one to spill to."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        message = f"{output} exists and is not empty; name another directory by --output"
        raise UsageError(message)
    aside = output.with_name(f".{output.name}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    directory, spill = aside / "export", aside / "spill"
    try:
        directory.mkdir(parents=True)
        yield directory, spill
        snapshot.make_durable(directory)
        directory.replace(output)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(
    connection: Connection, tables: list[Table], form: ExportFormat, directory: Path
) -> dict[str, int]:
    if form in _DATABASES:
        return _DATABASES[form](connection, tables, directory / f"{DATABASE}.{form}")
    if form == "delta":
        return {table.name: _write_delta(connection, table, directory) for table in tables}
    rows = {}
    for table in tables:
        source, options = _COPIES[form](table)
        file = literal(str(directory / f"{table.name}.{form}"))
        rows[table.name] = _number(connection, f"copy {source} to {file} ({options})")
    return rows


#: The query that COPY reads of a table and its options, for each format with a file a table.
_COPIES: dict[ExportFormat, Callable[[Table], tuple[str, str]]] = {
    "parquet": lambda table: (
        _rows(table),
        f"format parquet, compression zstd, kv_metadata {metadata(table)}",
    ),
    "csv": lambda table: (
        f"({_select(table, _cell)})",
        f"format csv, header, timestampformat '{_TIME}'",
    ),
    "jsonl": lambda table: (_rows(table), f"format json, timestampformat '{_TIME}'"),
}


def _number(connection: Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _select(table: Table, expression: Callable[[Column], str]) -> str:
    cells = ", ".join(f"{expression(column)} as {quote(column.name)}" for column in table.columns)
    return f"select {cells} from {_rows(table)}"  # noqa: S608 - names of our own


def _rows(table: Table) -> str:
    """Return what a query reads all rows from, in the order of the key: a table has it already.

    Intervals of views are seconds, which every tool can read.
    """
    if not table.is_view:
        return quote(table.name)
    names = [(quote(column.name), column.type) for column in table.columns]
    cells = (f"epoch({name}) as {name}" if kind == "INTERVAL" else name for name, kind in names)
    order = ", ".join(map(quote, table.key))
    return f"(select {', '.join(cells)} from {quote(table.name)} order by {order})"  # noqa: S608 - ours


def _cell(column: Column) -> str:
    """Return an expression for a cell of CSV: text never runs, numbers stay numbers."""
    name = quote(column.name)
    if column.type.endswith("[]"):
        return f"to_json({name})"
    if column.type == "VARCHAR":
        return f"if(regexp_matches({name}, '^[{FORMULA}]'), '''' || {name}, {name})"
    return name


def _write_delta(connection: Connection, table: Table, directory: Path) -> int:
    """Write a table of Delta Lake with its meanings, in the oldest version of its protocol.

    DuckDB writes its rows, since the library would change their order. Paths are relative, so that
    the directory can be renamed.
    """
    delta = import_extra("deltalake", "delta", "an export to Delta Lake")
    transaction = import_extra("deltalake.transaction", "delta", "an export to Delta Lake")
    folder = directory / table.name
    folder.mkdir()
    # otherwise the machine's zone would shift every time
    connection.execute("set timezone = 'UTC'")
    file = folder / f"{table.name}.parquet"
    rows = _number(
        connection,
        f"copy ({_select(table, _delta_value)}) to {literal(str(file))} "
        f"(format parquet, compression zstd, kv_metadata {metadata(table)})",
    )
    written = transaction.AddAction(
        path=file.name,
        size=file.stat().st_size,
        partition_values={},
        modification_time=int(file.stat().st_mtime * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": rows}),
    )
    schema = delta.Schema([_delta_field(delta, column) for column in table.columns])
    try:
        transaction.create_table_with_add_actions(
            folder.as_uri(), schema, [written], name=table.name, description=table.meaning
        )
    except delta.exceptions.DeltaError as error:
        message = f"cannot write the log of {folder}: {error}"
        raise WarehouseError(message) from error
    return rows


def _delta_value(column: Column) -> str:
    """Return an expression for a value of Delta Lake: only its later protocols have naive times."""
    name = quote(column.name)
    return f"{name}::timestamptz" if column.type == "TIMESTAMP" else name


def _delta_field(delta: ModuleType, column: Column) -> Any:  # noqa: ANN401 - of a library of an extra
    """Return the field of a column with its meaning."""
    plain = column.type.removesuffix("[]")
    kind: Any = delta.schema.PrimitiveType(_DELTA_TYPES[plain])
    if plain != column.type:
        kind = delta.schema.ArrayType(kind, contains_null=True)
    return delta.Field(column.name, kind, nullable=True, metadata={"comment": column.meaning})


_DELTA_TYPES = {
    "BIGINT": "long",
    "BOOLEAN": "boolean",
    "DOUBLE": "double",
    "INTERVAL": "double",
    "TIMESTAMP": "timestamp",
    "VARCHAR": "string",
}


def _write_duckdb(connection: Connection, tables: list[Table], file: Path) -> dict[str, int]:
    """Write tables with comments.

    They have no index, because an index must fit into memory. Rows are sorted by the key, so DuckDB
    finds one by its minima and maxima.
    """
    rows = {}
    connection.execute(
        f"attach {literal(str(file))} as target (storage_version '{STORAGE_VERSION}')"
    )
    for table in tables:
        name = f"target.{quote(table.name)}"
        rows[table.name] = _number(connection, f"create table {name} as from {_rows(table)}")
        comment(connection, table, "table", name)
    connection.execute("detach target")
    return rows


def _complete(connection: Connection, file: Path) -> None:
    """Add the views and the macros to a DuckDB file of all tables."""
    connection.execute(f"attach {literal(str(file))} as target")
    connection.execute("use target")
    complete(connection)
    connection.execute("use memory")
    connection.execute("detach target")


def _write_sqlite(connection: Connection, tables: list[Table], file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        # the file of a crash is never renamed to the output, so no journal is needed
        for statement in ("pragma journal_mode = off", "pragma synchronous = off", "begin"):
            database.execute(statement)
        rows = {table.name: _fill(connection, database, table) for table in tables}
        database.execute("commit")
    return rows


def _fill(connection: Connection, database: sqlite3.Connection, table: Table) -> int:
    """Make one SQLite table with its rows and indices; return its rows."""
    database.execute(_declaration(table))
    marks = ", ".join("?" for _ in table.columns)
    insert = f"insert into {quote(table.name)} values ({marks})"  # noqa: S608 - a name of our own
    connection.execute(_select(table, _value))
    total = 0
    while rows := connection.fetchmany(_FETCH):
        database.executemany(insert, rows)
        total += len(rows)
    for column in table.columns:
        if column.name in _LOOKED_UP and column.name != table.key[0]:
            index = quote(f"{table.name}_{column.name}")
            database.execute(f"create index {index} on {quote(table.name)} ({quote(column.name)})")
    return total


def _declaration(table: Table) -> str:
    """Return SQLite's declaration of a table, which keeps the meanings as comments.

    A key of several columns may hold nulls, by which no tool finds a row: it is no primary key.
    """
    lines = [
        f"  {quote(column.name)} {_SQLITE_TYPES.get(column.type, 'TEXT')}, -- {column.meaning}"
        for column in table.columns
    ]
    key = ", ".join(quote(column) for column in table.key)
    kind = "primary key" if len(table.key) == 1 else "unique"
    opening = f"create table {quote(table.name)} ( -- {table.meaning}"
    return "\n".join([opening, *lines, f"  {kind} ({key})", ")"])


_SQLITE_TYPES = {
    "BIGINT": "INTEGER",
    "BOOLEAN": "INTEGER",
    "DOUBLE": "REAL",
    "INTERVAL": "REAL",
}


def _value(column: Column) -> str:
    """Return an expression for a value of SQLite, which has no times, booleans or lists."""
    name = quote(column.name)
    if column.type == "TIMESTAMP":
        return f"strftime({name}, '{_TIME}')"
    if column.type == "BOOLEAN":
        return f"{name}::bigint"
    plain = {"VARCHAR", "BIGINT", "DOUBLE", "INTERVAL"}
    return name if column.type in plain else f"to_json({name})::varchar"


_DATABASES = {"duckdb": _write_duckdb, "sqlite": _write_sqlite}
