"""Interrupts: Ctrl-C and SIGTERM end a command the same way, within seconds, queries included."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator, Sized
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pipeline.engine import Connection

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt as Ctrl-C does: workers ended, leftovers swept.

    Run queries within `interruptible`. Another query may run to its end after a signal, although
    SIGTERM without this handler ends the process at
    once. A signal that is ignored, as in a shell's background job,
    stays ignored.

    Raises:
        KeyboardInterrupt: a signal came, even if a library raised another error for it.
    """
    called: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        called.append(number)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS if _is_ours(number)}
    try:
        with _as_interrupt(called):
            for number in before:
                signal.signal(number, interrupt)
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ours(number: signal.Signals) -> bool:
    """Tell whether a signal may be handled here."""
    # None: the handler is not Python's, and Python could not restore it
    return _in_main_thread() and signal.getsignal(number) not in (signal.SIG_IGN, None)


def _in_main_thread() -> bool:
    """Tell whether Python lets the caller handle signals."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _as_interrupt(signals: Sized) -> Iterator[None]:
    """Turn any error that leaves after a signal into KeyboardInterrupt.

    DuckDB and Arrow call back into Python. They may swallow the exception and raise another, such
    as `Query interrupted` or a failed import.
    """
    try:
        yield
    except Exception:
        if signals:
            raise KeyboardInterrupt from None
        raise


@contextmanager
def interruptible(connection: Connection) -> Iterator[None]:
    """Let a signal stop the query that the connection runs.

    Python runs signal handlers between two of its steps, and a query is one step. The system
    reports a signal at once through a pipe, and another thread stops the query.

    Raises:
        KeyboardInterrupt: a signal came, even if a library raised another error for it.
    """
    if not _in_main_thread():
        yield
        return
    seen = bytearray()
    # the watching thread ends first, so all signals are known when the error is judged
    with _as_interrupt(seen), _watched(connection, seen):
        yield


@contextmanager
def _watched(connection: Connection, seen: bytearray) -> Iterator[None]:
    """Interrupt the connection at each signal, and note it."""
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    before = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(receiver, connection, seen), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(sender)
        watcher.join()
        os.close(receiver)


def _watch(receiver: int, connection: Connection, seen: bytearray) -> None:
    from pipeline.engine import engine  # noqa: PLC0415 - loaded with the connection

    while True:
        # repeated after a signal: one interrupt does not stop a query that is about to begin
        if select.select([receiver], [], [], _AGAIN_SECONDS if seen else None)[0]:
            number = os.read(receiver, 1)
            if not number:
                return
            # a caller in Python may handle other signals
            if number[0] in _SIGNALS:
                seen += number
        if seen:
            # the connection was closed: no query runs
            with suppress(engine.ConnectionException):
                connection.interrupt()


_AGAIN_SECONDS = 0.05
