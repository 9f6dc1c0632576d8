"""Executors: worker processes that take calls through pipes, and this process itself.

Both are a `concurrent.futures.Executor`, so the same tasks run on any other executor.
`docs/decisions/0014-an-executor-of-pipes.md` says why the standard pool of processes is not used.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from functools import partial
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class WorkerKilledError(BrokenExecutor):
    """A worker process died before its call came to an end."""


def run_all(
    executor: Executor, work: Callable[[_Task], _Result], tasks: Iterator[_Task], pending: int
) -> Generator[_Result]:
    """Let an executor do the tasks; yield what each returns as it is done.

    At most `pending` tasks are taken at a time, because all of them may not fit in memory.

    Args:
        executor: of this process, of worker processes or of other machines.
        work: a function of a module, or a `partial` of one.
        tasks: each can be pickled, and so can its result.
        pending: how many tasks the executor holds at most: as many as it has workers.

    Raises:
        BrokenExecutor: a worker died.
        Exception: what `work` raised.
    """
    held = {executor.submit(work, task) for task in islice(tasks, pending)}
    while held:
        done, held = wait(held, return_when=FIRST_COMPLETED)
        for future in done:
            held |= {executor.submit(work, task) for task in islice(tasks, 1)}
            yield future.result()


def local_executor(workers: int) -> Executor:
    """Return this process for one worker, and worker processes for several."""
    return PipeExecutor(workers) if workers > 1 else InProcessExecutor()


class InProcessExecutor(Executor):
    """Runs each call at once, in the thread that submits it."""

    def submit(
        self, fn: Callable[_P, _Result], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_Result]:
        """Run a call; return the future of its result, or of the exception that it raised."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future raises it
            future.set_exception(error)
        return future


class PipeExecutor(Executor):
    """Runs calls in worker processes, one at a time each; a worker starts when none is idle.

    Workers never outlive this process. When the `with` block ends by an exception, they end at
    once, in the middle of their calls. When one dies, every call that is not done fails.
    """

    def __init__(self, workers: int) -> None:
        """Start nothing yet.

        Args:
            workers: how many processes at most.
        """
        self._most = workers
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._workers: list[_Worker] = []
        self._ended = threading.Lock()
        self._error: Exception | None = None

    def submit(
        self, fn: Callable[_P, _Result], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_Result]:
        """Hand a call to the next worker that is idle.

        Raises:
            RuntimeError: the executor was shut down.
            WorkerKilledError: a worker died.
        """
        future: Future[_Result] = Future()
        with self._ended:
            if self._error:
                raise self._error
            self._calls.put((future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False) and len(self._workers) < self._most:
            self._start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard's
        """Take no call any more; let the workers end when those are done that were submitted."""
        with self._ended:
            self._error = self._error or RuntimeError("the executor was shut down")
        if cancel_futures:
            for future, _ in self._waiting():
                future.cancel()
        for _ in self._workers:
            self._calls.put(None)
        if wait:
            for worker in self._workers:
                worker.thread.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Shut down; after an exception, kill the workers first."""
        if kind is not None:
            for worker in self._workers:
                worker.process.kill()
        return super().__exit__(kind, error, trace)

    def _start(self) -> None:
        """Start a worker, and the thread that hands calls to it.

        A worker ignores interrupts. A terminal sends Ctrl-C to every process of a group, and a
        service manager sends SIGTERM. Only this process acts on them.
        """
        # started before: the start of the first worker would start it and unblock the signals
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            worker = _Worker(self._feed)
            self._workers.append(worker)
            worker.thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _feed(self, worker: _Worker) -> None:
        """Hand calls to a worker until there are no more, or it dies."""
        try:
            while call := self._next():
                future, work = call
                if future.set_running_or_notify_cancel():
                    worker.call(future, work)
                # free the finished call before the next one
                del call, future, work
        except WorkerKilledError as error:
            self._fail(error)
        finally:
            worker.end()

    def _next(self) -> _Call | None:
        with suppress(Empty):
            return self._calls.get_nowait()
        self._idle.release()
        return self._calls.get()

    def _fail(self, error: WorkerKilledError) -> None:
        """Fail the waiting calls and end the other workers: the same cause may kill them."""
        with self._ended:
            self._error = self._error or error
        for future, _ in self._waiting():
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        for _ in self._workers:
            self._calls.put(None)

    def _waiting(self) -> Iterator[_Call]:
        with suppress(Empty):
            while True:
                if call := self._calls.get_nowait():
                    yield call


#: A call that waits for a worker, and the future of its result.
_Call = tuple[Future[Any], Callable[[], object]]


class _Worker:
    """A worker process, the pipe to it, and the thread that waits for it."""

    def __init__(self, feed: Callable[[_Worker], None]) -> None:
        # spawn: polars and duckdb hold threads, after which a plain fork may deadlock
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        with theirs:
            self.process: SpawnProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
            self.process.start()
        self.thread = threading.Thread(target=feed, args=(self,), daemon=True)

    def call(self, future: Future[Any], work: Callable[[], object]) -> None:
        """Let the worker do a call, and complete its future.

        Raises:
            WorkerKilledError: the worker died; the future raises it, too.
        """
        try:
            self._pipe.send(work)
            result, error = self._pipe.recv()
        except (EOFError, OSError):
            killed = WorkerKilledError()
            future.set_exception(killed)
            raise killed from None
        except Exception as unsent:  # noqa: BLE001 - it cannot be pickled; the future raises it
            future.set_exception(unsent)
        else:
            future.set_exception(error) if error else future.set_result(result)

    def end(self) -> None:
        """End the process; it holds nothing that must be closed in order."""
        self.process.kill()
        self.process.join()
        self._pipe.close()


def _serve(pipe: Pipe) -> None:
    """Do the calls that come through a pipe, until the parent ends this worker or dies."""
    threading.Thread(target=_follow, daemon=True).start()
    with suppress(EOFError, ConnectionError):
        while True:
            work = pipe.recv()
            try:
                pipe.send((work(), None))
            except Exception as error:  # noqa: BLE001 - the parent raises it
                error.add_note(f"in a worker process:\n{traceback.format_exc()}")
                pipe.send((None, error))


def _follow() -> None:
    """End this worker when its parent dies, in the middle of a call."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
