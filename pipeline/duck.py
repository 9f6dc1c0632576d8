"""What every use of DuckDB shares: connections, and text that goes into statements."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipeline.engine import Connection as Connection  # noqa: PLC0414 - for all who connect
from pipeline.engine import literal as literal  # noqa: PLC0414 - see above
from pipeline.engine import quote as quote  # noqa: PLC0414 - see above
from pipeline.errors import WarehouseError


def connect(temporary: Path, threads: int, memory: str = "1GB") -> Connection:
    """Return a DuckDB connection that spills to `temporary` instead of growing."""
    connection = duckdb.connect(
        config={
            "temp_directory": str(temporary),
            "memory_limit": memory,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("set enable_progress_bar = false")
    return connection


def is_out_of_memory(error: duckdb.Error) -> bool:
    """Tell whether a query found no room in memory, which at its end DuckDB calls otherwise."""
    return isinstance(error, duckdb.OutOfMemoryException) or "failed to pin block" in str(error)


def is_disk_full(error: duckdb.Error) -> bool:
    """Tell whether a query found no room where it writes or spills."""
    return os.strerror(errno.ENOSPC) in str(error)


@contextmanager
def finding_room(spill: str) -> Iterator[None]:
    """Let a query that finds no room, in memory or where it spills, say so.

    Raises:
        WarehouseError: it found none.
    """
    try:
        yield
    except duckdb.Error as error:
        if not (is_out_of_memory(error) or is_disk_full(error)):
            raise
        message = f"a query found no room in memory, or on the disk of {spill}: {error}"
        raise WarehouseError(message) from error


def execute_frugally(connection: Connection, sql: str) -> None:
    """Run a statement; if memory does not suffice for several threads, again by a single one.

    A sort or a join spills what it can, but each thread holds on to some of it.
    """
    try:
        connection.execute(sql)
    except duckdb.Error as error:
        if not is_out_of_memory(error):
            raise
        (threads,) = row_of(connection, "select current_setting('threads')")
        connection.execute("set threads = 1")
        try:
            connection.execute(sql)
        finally:
            connection.execute(f"set threads = {threads}")


def column(connection: Connection, query: str) -> Iterator[list[Any]]:
    """Yield what a query of one column returns, a batch at a time."""
    for batch in connection.sql(query).to_arrow_reader():
        yield batch.column(0).to_pylist()


def row_of(connection: Connection, sql: str, parameters: object = None) -> tuple[Any, ...]:
    """Return the only row of a query, leaving no result open on the connection."""
    (row,) = connection.execute(sql, parameters).fetchall()
    return tuple(row)
