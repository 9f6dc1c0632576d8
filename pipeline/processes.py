"""Worker processes: tasks go to them through pipes, one at a time each, and results come back.

The standard pools would do, but their semaphores, and the sockets of a forkserver, have names in
the system, and stay for ever when all processes are killed; and a pool whose process is killed
while it starts waits for ever. A pipe has no name, and ends when either end of it dies.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from typing import Any, TypeVar

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


class WorkerKilledError(Exception):
    """A worker died in the midst of its task, or before the first."""


def hand_out(
    tasks: Iterator[_Task], work: Callable[[_Task], _Done], workers: int
) -> Generator[_Done]:
    """Let workers do the tasks; yield what each returns as it is done.

    No task is taken before a worker is free for it: there may be too many for memory. When the
    caller closes the iterator or dies, the workers end at once, in the middle of their tasks.

    Args:
        tasks: each can be pickled, and so can what becomes of it.
        work: a function of a module, or a `partial` of one.
        workers: how many processes at most.

    Raises:
        WorkerKilledError: a worker died.
        Exception: what `work` raised in one of them.
    """
    with ExitStack() as crew:
        first = list(islice(tasks, workers))
        busy = [_start(work, crew) for _ in first]
        for pipe, task in zip(busy, first, strict=True):
            with _alive():
                pipe.send(task)
        while busy:
            ready = set(wait(busy))
            for pipe in [pipe for pipe in busy if pipe in ready]:
                with _alive():
                    done = pipe.recv()
                if isinstance(done, Exception):
                    raise done
                if (following := next(tasks, None)) is None:
                    busy.remove(pipe)
                else:
                    with _alive():
                        pipe.send(following)
                yield done


@contextmanager
def _alive() -> Iterator[None]:
    """Say what it means when the other end of a pipe is gone."""
    try:
        yield
    except (EOFError, OSError):
        raise WorkerKilledError from None


def _start(work: Callable[[Any], object], crew: ExitStack) -> Pipe:
    """Start a worker that ends with the crew; return the pipe that takes tasks to it, and back.

    It is deaf to interrupts: a terminal sends Ctrl-C to every process of a group, and a service
    manager SIGTERM. It is for the parent to act on it.
    """
    # spawn: polars and duckdb hold threads, after which a plain fork may deadlock
    context = multiprocessing.get_context("spawn")
    # it would unblock the signals, were it started by the worker's start
    resource_tracker.ensure_running()
    ours, theirs = context.Pipe()
    crew.callback(ours.close)
    with theirs:
        worker = context.Process(target=_serve, args=(theirs, work), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            worker.start()
            crew.callback(worker.join)
            crew.callback(worker.kill)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ours


def _serve(pipe: Pipe, work: Callable[[Any], object]) -> None:
    """Do the tasks that come through a pipe, until the parent ends this worker or dies."""
    threading.Thread(target=_follow, daemon=True).start()
    with suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            try:
                done = work(task)
            except Exception as error:  # noqa: BLE001 - the parent raises it
                error.add_note(f"in a worker process:\n{traceback.format_exc()}")
                pipe.send(error)
            else:
                pipe.send(done)


def _follow() -> None:
    """End this worker when its parent dies, in the middle of a task."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
