"""Queries side by side: each on its own cursor, as soon as its inputs exist.

DuckDB spreads a query over its threads, but one thread ends a sort and writes a file. Two queries
at a time keep two processors busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from pipeline.duck import Connection

T = TypeVar("T")


def run_concurrently(
    connection: Connection,
    jobs: Mapping[str, Callable[[Connection], T]],
    threads: int,
    needs: Mapping[str, Collection[str]] | None = None,
) -> Iterator[tuple[str, T]]:
    """Run jobs side by side; yield name and result of each, in the order given.

    When a job fails, or the caller is interrupted or stops, the others are stopped.

    Args:
        connection: the jobs' cursors see its relations, but temporary and registered ones.
        jobs: by name.
        threads: how many run at a time.
        needs: the jobs that must be done before one starts; they stand before it in `jobs`.
    """
    cursors = {name: connection.cursor() for name in jobs}
    running: dict[str, Future[T]] = {}

    def run(name: str) -> T:
        # earlier jobs have started already, so this wait ends
        for needed in (needs or {}).get(name, ()):
            running[needed].result()
        return jobs[name](cursors[name])

    with ThreadPoolExecutor(threads) as pool:
        try:
            for name in jobs:
                running[name] = pool.submit(run, name)
            for name, future in running.items():
                yield name, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # repeated: a job between two statements has no query to stop
            while any(future.running() for future in running.values()):
                for cursor in cursors.values():
                    cursor.interrupt()
                time.sleep(0.05)
            raise
