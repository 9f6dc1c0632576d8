"""Interrupts: Ctrl-C and SIGTERM end a command the same way, within seconds, queries included."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pipeline.engine import Connection, engine

#: What DuckDB raises when it meets the interrupt itself, having swallowed Python's exception.
_SWALLOWED = "Query interrupted"


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt as Ctrl-C does: workers ended, leftovers swept.

    For commands that make files. Their queries must be `interruptible`: one that nobody watches
    would go on to its end, where SIGTERM alone ends the process at once.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def interruptible(connection: Connection) -> Iterator[None]:
    """Let a signal stop the query that the connection runs.

    Python runs its handlers between two steps of its own, and a query is one step. The system
    tells of a signal at once through a pipe, and another thread stops the query.

    Raises:
        KeyboardInterrupt: a query was stopped so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    before = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(receiver, connection), daemon=True)
    watcher.start()
    try:
        yield
    except (engine.InterruptException, RuntimeError) as error:
        if isinstance(error, RuntimeError) and str(error) != _SWALLOWED:
            raise
        raise KeyboardInterrupt from None
    finally:
        signal.set_wakeup_fd(before)
        os.close(sender)
        watcher.join()
        os.close(receiver)


def _watch(receiver: int, connection: Connection) -> None:
    while os.read(receiver, 1):
        connection.interrupt()
