"""What all users of DuckDB share: memory, threads and errors."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import duckdb
import pytest

from pipeline.duck import (
    Connection,
    connect,
    execute_frugally,
    finding_room,
    is_disk_full,
    is_out_of_memory,
    row_of,
)
from pipeline.errors import WarehouseError


class _Short:
    """A connection that runs out of memory on its first `create`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.threads: list[int] = []

    def execute(self, sql: str, parameters: object = None) -> Connection:
        if sql.startswith("create"):
            (threads,) = row_of(self.connection, "select current_setting('threads')")
            self.threads.append(threads)
            if len(self.threads) == 1:
                raise duckdb.OutOfMemoryException
        return self.connection.execute(sql, parameters)


def test_what_finds_no_room_is_run_by_a_single_thread(tmp_path: Path) -> None:
    """A statement that runs out of memory is run again by one thread; then there are two again."""
    with connect(tmp_path, 2) as connection:
        short = _Short(connection)
        execute_frugally(cast("Connection", short), "create table made as select 42 as answer")
        assert short.threads == [2, 1]
        assert row_of(connection, "select answer from made") == (42,)
        assert row_of(connection, "select current_setting('threads')") == (2,)


def test_a_commit_that_lacks_memory_counts_as_out_of_memory() -> None:
    """A commit that fails for another reason does not."""
    full = "Failed to commit: failed to pin block of size 256.0 KiB"
    assert is_out_of_memory(duckdb.TransactionException(full))
    assert is_out_of_memory(duckdb.OutOfMemoryException("could not allocate block"))
    assert not is_out_of_memory(duckdb.TransactionException("Failed to commit: conflict"))


def test_what_finds_no_room_at_all_says_so(tmp_path: Path) -> None:
    """A statement that needs too much memory even on one thread fails; the threads come back."""
    with connect(tmp_path, 2, "3MB") as connection:
        connection.execute("set temp_directory = ''")
        with pytest.raises(duckdb.OutOfMemoryException):
            execute_frugally(
                connection, "create table t as select repeat('x', 9) || i from range(3000000) r(i)"
            )
        assert row_of(connection, "select current_setting('threads')") == (2,)


def test_a_command_that_finds_no_room_names_where_it_spills(tmp_path: Path) -> None:
    """Too little memory ends a command with a message; other errors of DuckDB are passed on."""
    with connect(tmp_path, 2, "3MB") as connection:
        connection.execute("set max_temp_directory_size = '0B'")
        with (
            pytest.raises(WarehouseError, match=f"no room in memory, or on the disk of {tmp_path}"),
            finding_room(str(tmp_path)),
        ):
            connection.execute(
                "create table t as select repeat('x', 9) || i from range(3000000) r(i)"
            )
        with pytest.raises(duckdb.CatalogException), finding_room(str(tmp_path)):
            connection.execute("from nothing")


def test_a_disk_that_fills_up_is_no_room() -> None:
    """DuckDB's error of a full disk counts as no room; its error of a broken disk does not."""
    assert is_disk_full(duckdb.IOException("Could not write file: No space left on device"))
    assert not is_disk_full(duckdb.IOException("Could not write file: Input/output error"))


def test_what_is_run_again_runs_alone(tmp_path: Path) -> None:
    """A statement that found no room waits for the others before it is run again."""
    order = list[str]()
    started = threading.Event()

    class _Slow(_Short):
        def execute(self, sql: str, parameters: object = None) -> Connection:
            if sql.startswith("insert"):
                started.set()
                time.sleep(0.2)
                order.append("other")
            result = super().execute(sql, parameters)
            if sql.startswith("create"):
                order.append("again")
            return result

    with connect(tmp_path, 2) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("create table present (number integer)")
        slow = cast("Connection", _Slow(connection.cursor()))
        short = cast("Connection", _Slow(connection.cursor()))
        running = pool.submit(execute_frugally, slow, "insert into present values (1)")
        started.wait()
        execute_frugally(short, "create table made as select 42 as answer")
        running.result()
    assert order == ["other", "again"]
