"""The shared parts of all uses of DuckDB: connections, memory, and text in statements."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipeline.engine import Connection as Connection  # noqa: PLC0414 - for all who connect
from pipeline.engine import literal as literal  # noqa: PLC0414 - see above
from pipeline.engine import parquet as parquet  # noqa: PLC0414 - see above
from pipeline.engine import quote as quote  # noqa: PLC0414 - see above
from pipeline.errors import WarehouseError


def connect(temporary: Path, threads: int, memory: str = "1GB") -> Connection:
    """Return a DuckDB connection that spills to `temporary` instead of growing."""
    connection = duckdb.connect(
        config={
            "temp_directory": str(temporary),
            "memory_limit": memory,
            "threads": threads,
            # gives back the memory of a query that is done; without it a process keeps its peak
            "allocator_background_threads": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("set enable_progress_bar = false")
    return connection


def is_out_of_memory(error: duckdb.Error) -> bool:
    """Tell whether a query ran out of memory; DuckDB has several errors for it."""
    return isinstance(error, duckdb.OutOfMemoryException) or "failed to pin block" in str(error)


def is_disk_full(error: duckdb.Error) -> bool:
    """Tell whether a query ran out of disk, to write or to spill."""
    return os.strerror(errno.ENOSPC) in str(error)


@contextmanager
def finding_room(spill: str) -> Iterator[None]:
    """Turn the error of a query without memory or disk into one that says what to do.

    Raises:
        WarehouseError: the query ran out of memory or disk.
    """
    try:
        yield
    except duckdb.Error as error:
        if not (is_out_of_memory(error) or is_disk_full(error)):
            raise
        message = f"a query found no room in memory, or on the disk of {spill}: {error}"
        raise WarehouseError(message) from error


def execute_frugally(connection: Connection, sql: str, parameters: object = None) -> int:
    """Run a statement beside others; if memory does not suffice, again alone and in small steps.

    It is one that makes rows; return how many.

    A sort or a join spills what it can, but each thread holds on to some of it, and a sort begins
    to spill too late for long rows and then merges 122,880 of them at a time. Two settings by which
    DuckDB tests itself mend that: it spills from the start and merges 2048 rows at a time.
    """
    try:
        with _GATE.shared():
            return _made(connection.execute(sql, parameters))
    except duckdb.Error as error:
        if not is_out_of_memory(error):
            raise
        with _GATE.alone():
            return _execute_in_small_steps(connection, sql, parameters)


def _made(result: Connection) -> int:
    """Return how many rows the last statement made; 0 for one that makes a view."""
    rows = result.fetchall()
    return int(rows[0][0]) if rows else 0


def _execute_in_small_steps(connection: Connection, sql: str, parameters: object) -> int:
    (threads,) = row_of(connection, "select current_setting('threads')")
    try:
        connection.execute("set threads = 1")
        connection.execute("set debug_force_external = true")
        connection.execute("pragma verify_parallelism")
        return _made(connection.execute(sql, parameters))
    finally:
        connection.execute("pragma disable_verify_parallelism")
        connection.execute("reset debug_force_external")
        connection.execute(f"set threads = {threads}")


class _Gate:
    """Lets any number of threads work side by side, or a single one alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working = 0
        self._waiting = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside other threads, once no thread waits to work alone."""
        with self._work_once(lambda: not self._waiting):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Work once all other threads are done; no other thread may begin meanwhile."""
        with self._changed:
            self._waiting += 1
        try:
            with self._work_once(lambda: not self._working):
                yield
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()

    @contextmanager
    def _work_once(self, ready: Callable[[], bool]) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(ready)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()


#: All connections of a build share its memory.
_GATE = _Gate()


def column(connection: Connection, query: str) -> Iterator[list[Any]]:
    """Yield what a query of one column returns, a batch at a time."""
    for batch in connection.sql(query).to_arrow_reader():
        yield batch.column(0).to_pylist()


def row_of(connection: Connection, sql: str, parameters: object = None) -> tuple[Any, ...]:
    """Return the only row of a query, leaving no result open on the connection."""
    (row,) = connection.execute(sql, parameters).fetchall()
    return tuple(row)
