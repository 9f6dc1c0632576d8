"""Queries side by side: in their order, each after what it needs, and stopped together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import duckdb
import pytest

from pipeline.duck import Connection
from pipeline.model.concurrent import run_concurrently


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Return a connection in memory."""
    with duckdb.connect() as opened:
        yield opened


def test_results_come_in_the_order_of_the_jobs(connection: Connection) -> None:
    """A job that ends early does not overtake one that stands before it."""

    def slow(_: Connection) -> int:
        time.sleep(0.05)
        return 1

    assert list(run_concurrently(connection, {"slow": slow, "fast": lambda _: 2}, 2)) == [
        ("slow", 1),
        ("fast", 2),
    ]


def test_a_job_waits_for_what_it_needs(connection: Connection) -> None:
    """With more threads than jobs, one that reads another's table finds it."""

    def make(cursor: Connection) -> None:
        time.sleep(0.05)
        cursor.execute("create table made as select 42 as answer")

    def read(cursor: Connection) -> object:
        return cursor.execute("from made").fetchall()

    jobs = {"made": make, "reader": read}
    assert dict(run_concurrently(connection, jobs, 3, {"reader": ["made"]}))["reader"] == [(42,)]


def test_jobs_really_run_side_by_side(connection: Connection) -> None:
    """Two jobs run at the same time: each of them waits for the other."""
    barrier = threading.Barrier(2, timeout=20)
    jobs = {name: lambda _: barrier.wait() >= 0 for name in "ab"}
    assert list(run_concurrently(connection, jobs, 2)) == [("a", True), ("b", True)]


def test_a_failure_stops_the_others(connection: Connection) -> None:
    """The error is the job's own, and a query that would run for minutes is interrupted."""

    def endless(cursor: Connection) -> None:
        cursor.execute("select sum(a.range * b.range) from range(10000000) a, range(1000000) b")

    def fails(_: Connection) -> None:
        time.sleep(0.2)
        message = "this one"
        raise ValueError(message)

    with pytest.raises(ValueError, match="this one"):
        list(run_concurrently(connection, {"fails": fails, "endless": endless}, 2))
