"""Executors: each keeps the promises of the standard interface and leaves no process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from operator import neg, truediv

import pytest

from pipeline.executors import (
    InProcessExecutor,
    PipeExecutor,
    WorkerKilledError,
    local_executor,
    run_all,
)


@pytest.fixture(
    params=[InProcessExecutor, partial(PipeExecutor, 2), partial(ThreadPoolExecutor, 2)]
)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Return an executor of each kind, and a standard one to compare them with."""
    with request.param() as executor:
        yield executor


def test_every_task_is_done_once(executor: Executor) -> None:
    """Whatever runs them, all tasks come back, in any order."""
    assert sorted(run_all(executor, neg, iter(range(20)), 3)) == sorted(range(-19, 1))


def test_no_more_tasks_are_taken_than_there_are_places(executor: Executor) -> None:
    """When the first result comes, at most twice as many tasks were taken as may be pending."""
    taken: list[int] = []
    results = run_all(executor, neg, (taken.append(n) or n for n in range(20)), 3)  # type: ignore[func-returns-value]  # appended, then yielded
    next(results)
    assert len(taken) <= 6


def test_what_a_task_raises_is_raised(executor: Executor) -> None:
    """An exception reaches the caller that asks for the result."""
    with pytest.raises(ZeroDivisionError):
        list(run_all(executor, partial(truediv, 1), iter([1, 0]), 1))


def test_a_worker_tells_where_it_failed() -> None:
    """The exception has the worker's own traceback as a note."""
    with PipeExecutor(1) as executor:
        error = executor.submit(truediv, 1, 0).exception()
    assert error
    assert "in a worker process:" in error.__notes__[0]


def test_what_cannot_be_sent_fails_alone() -> None:
    """A call or a result that cannot be pickled fails, and the worker does the next one."""
    with PipeExecutor(1) as executor:
        assert executor.submit(id, threading.Lock()).exception()
        assert executor.submit(threading.Lock).exception()
        assert executor.submit(neg, 1).result() == -1


def test_one_worker_is_this_process() -> None:
    """With one worker a call runs in this process, with two it does not."""
    with local_executor(1) as executor:
        assert executor.submit(os.getpid).result() == os.getpid()
    with local_executor(2) as executor:
        assert executor.submit(os.getpid).result() != os.getpid()


def test_a_killed_worker_fails_every_call() -> None:
    """Calls that wait and calls that come later both say that a worker was killed."""
    with suppress(KeyboardInterrupt), PipeExecutor(2) as executor:
        waiting = [executor.submit(time.sleep, 600) for _ in range(3)][-1]
        os.kill(_children()[0], signal.SIGKILL)
        assert isinstance(waiting.exception(timeout=60), WorkerKilledError)
        with pytest.raises(WorkerKilledError):
            executor.submit(neg, 1)
        # the other one still sleeps
        raise KeyboardInterrupt
    assert not _children()


def test_an_exception_ends_workers_at_once() -> None:
    """When the block is left by an exception, no call is waited for."""
    with suppress(KeyboardInterrupt), PipeExecutor(2) as executor:
        executor.submit(time.sleep, 600)
        raise KeyboardInterrupt
    assert not _children()


def test_an_end_waits_for_what_was_submitted() -> None:
    """When the block ends without an exception, all calls are done, and no process stays."""
    with PipeExecutor(2) as executor:
        calls = [executor.submit(neg, number) for number in range(5)]
    assert [call.result() for call in calls] == [0, -1, -2, -3, -4]
    assert not _children()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(neg, 1)


def test_a_shutdown_can_cancel_what_waits() -> None:
    """`cancel_futures` cancels the calls that no worker has begun."""
    with PipeExecutor(1) as executor:
        calls = [executor.submit(time.sleep, 0.2) for _ in range(3)]
        executor.shutdown(cancel_futures=True)
    with pytest.raises(CancelledError):
        calls[2].result()


def _children() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid]
