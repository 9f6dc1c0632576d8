"""Interrupts reach a build wherever it is, even inside of a query."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import duckdb
import pytest

from pipeline.interrupts import interruptible, terminable
from tests.console import Console
from tests.paths import SAMPLES

#: It would take hours.
LONG = "select count(*) from range(100_000_000_000) as a where hash(a.range) % 7 = 1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_query_that_runs(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end a query in the middle, as KeyboardInterrupt."""
    timer = threading.Timer(0.2, os.kill, [os.getpid(), number])
    with duckdb.connect() as connection, terminable():
        timer.start()
        with pytest.raises(KeyboardInterrupt), interruptible(connection):
            connection.execute(LONG)
        assert connection.execute("select 1").fetchall() == [(1,)]
    timer.join()


def test_what_was_set_before_is_set_again() -> None:
    """Afterwards SIGTERM and the wakeup of signals are as they were, and no thread is left."""
    handler, threads = signal.getsignal(signal.SIGTERM), threading.active_count()
    with duckdb.connect() as connection, terminable(), interruptible(connection):
        assert signal.getsignal(signal.SIGTERM) is not handler
        assert threading.active_count() == threads + 1
    assert signal.getsignal(signal.SIGTERM) is handler
    assert threading.active_count() == threads
    assert signal.set_wakeup_fd(-1) == -1


def test_other_errors_pass_through() -> None:
    """An error that is no interrupt stays what it is."""
    with duckdb.connect() as connection:
        message = "another"
        with pytest.raises(RuntimeError, match=message), interruptible(connection):
            raise RuntimeError(message)
        with pytest.raises(duckdb.CatalogException), interruptible(connection):
            connection.execute("from nowhere")


def test_another_thread_may_build() -> None:
    """Outside of the main thread, where Python lets nobody handle signals, nothing changes."""
    found = []

    def query() -> None:
        with duckdb.connect() as connection, interruptible(connection):
            found.extend(connection.execute("select 1").fetchall())

    thread = threading.Thread(target=query)
    thread.start()
    thread.join()
    assert found == [(1,)]


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("pipeline.export.snapshot.make_durable", ["export", "--output", "out"]),
        ("pipeline.commands.write_result", ["sql", "select 1", "--output", "out.csv"]),
        ("pipeline.verifying.verdicts", ["verify", SAMPLES]),
    ],
)
def test_a_command_that_is_terminated_leaves_nothing(  # noqa: PLR0913, PLR0917 - fixtures
    console: Console,
    samples_warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    command: list[object],
) -> None:
    """SIGTERM ends a command that makes files with 130, and what it made so far is swept."""

    def terminate(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(place, terminate)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    warehouse = [] if "verify" in command else ["--warehouse", samples_warehouse]
    finished = console(*command, *warehouse)
    assert (finished.code, finished.errors.strip()) == (130, "pith-etl: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_a_query_of_a_user_is_interrupted(samples_warehouse: Path) -> None:
    """Ctrl-C ends `pith-etl sql` in the midst of a query, with 130 and no traceback."""
    query = "select count(*) from range(10000000) a, range(1000000) b where (a.range*b.range)%7=3"
    program = Path(sys.executable).parent / "pith-etl"
    command = [str(program), "sql", query, "--warehouse", str(samples_warehouse)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, "pith-etl: interrupted")
