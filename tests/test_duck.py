"""What every use of DuckDB shares."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import duckdb
import pytest

from pipeline.duck import Connection, connect, execute_frugally, is_out_of_memory, row_of


class _Short:
    """A connection that finds no room for its first statement."""

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


def test_no_room_at_the_end_of_a_statement_is_no_room() -> None:
    """What DuckDB says when it finds no memory to commit counts as that, and nothing else does."""
    full = "Failed to commit: failed to pin block of size 256.0 KiB"
    assert is_out_of_memory(duckdb.TransactionException(full))
    assert is_out_of_memory(duckdb.OutOfMemoryException("could not allocate block"))
    assert not is_out_of_memory(duckdb.TransactionException("Failed to commit: conflict"))


def test_what_finds_no_room_at_all_says_so(tmp_path: Path) -> None:
    """A statement for which one thread has too little memory, too, fails; the threads come back."""
    with connect(tmp_path, 2, "3MB") as connection:
        connection.execute("set temp_directory = ''")
        with pytest.raises(duckdb.OutOfMemoryException):
            execute_frugally(
                connection, "create table t as select repeat('x', 9) || i from range(3000000) r(i)"
            )
        assert row_of(connection, "select current_setting('threads')") == (2,)
