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

    A query must be `interruptible`: one that nobody watches may go on to its end, where SIGTERM
    alone ends the process at once. A signal that is ignored, as in a shell's background job,
    stays ignored.

    Raises:
        KeyboardInterrupt: a signal came, whatever error a library made of it.
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
    # None: by a handler that is not Python's, and could not be set again
    return _in_main_thread() and signal.getsignal(number) not in (signal.SIG_IGN, None)


def _in_main_thread() -> bool:
    """Tell whether Python lets the caller handle signals."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _as_interrupt(signals: Sized) -> Iterator[None]:
    """Turn any error that leaves after a signal into KeyboardInterrupt.

    Who calls back into Python, as DuckDB and Arrow do, may swallow its exception and raise
    another: `Query interrupted`, or that an import failed.
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

    Python runs its handlers between two steps of its own, and a query is one step. The system
    tells of a signal at once through a pipe, and another thread stops the query.

    Raises:
        KeyboardInterrupt: a signal came, whatever error a library made of it.
    """
    if not _in_main_thread():
        yield
        return
    seen = bytearray()
    # whoever watches is done, and has seen all, before an error is judged
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
    from pipeline.engine import engine  # noqa: PLC0415 - who has a connection has it, too

    while True:
        # again and again, once a signal came: a query that is about to begin is not stopped
        if select.select([receiver], [], [], _AGAIN_SECONDS if seen else None)[0]:
            number = os.read(receiver, 1)
            if not number:
                return
            # whoever calls this from Python may handle others
            if number[0] in _SIGNALS:
                seen += number
        if seen:
            # closed meanwhile: nothing runs
            with suppress(engine.ConnectionException):
                connection.interrupt()


_AGAIN_SECONDS = 0.05
