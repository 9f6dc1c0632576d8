"""Interrupts reach a build wherever it is, even inside of a query."""

from __future__ import annotations

import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import duckdb
import pytest

from pipeline.cli import main
from pipeline.interrupts import interruptible, terminable
from pipeline.warehouse import snapshot
from tests.console import Console
from tests.paths import SAMPLES
from tests.site import await_end, start

#: A query that would take hours.
LONG = "select count(*) from range(100_000_000_000) as a where hash(a.range) % 7 = 1"
_DIFFERENCE = f"select 'added' as change from ({LONG})"  # noqa: S608 - our own
_NONE = f"'' and 1 = ({LONG})"
_DIGESTS = f"select unhex('00') as sha256 from ({LONG})"  # noqa: S608 - our own


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


def test_a_signal_stops_a_query_that_is_about_to_begin() -> None:
    """A signal that comes while no query runs yet stops the one that begins next."""

    def query(connection: duckdb.DuckDBPyConnection) -> None:
        # like a library that calls back into Python and swallows the exception
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        connection.execute(LONG)

    with duckdb.connect() as connection, terminable():
        with pytest.raises(KeyboardInterrupt), interruptible(connection):
            query(connection)
        assert connection.execute("select 1").fetchall() == [(1,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_library_makes_of_a_signal_is_an_interrupt(number: signal.Signals) -> None:
    """A library's own error for an interrupt ends a command as an interrupt does."""

    def import_rows() -> None:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            message = "the import failed: KeyboardInterrupt"
            raise duckdb.InvalidInputException(message) from None

    with pytest.raises(KeyboardInterrupt), terminable():
        import_rows()


def test_a_signal_that_is_ignored_stays_so() -> None:
    """If Ctrl-C is ignored, as in a background job of a shell, it stays ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_set_before_is_set_again(number: signal.Signals) -> None:
    """Afterwards handlers and the wakeup of signals are as they were, and no thread is left."""
    handler, threads = signal.getsignal(number), threading.active_count()
    with duckdb.connect() as connection, terminable(), interruptible(connection):
        assert signal.getsignal(number) is not handler
        assert threading.active_count() == threads + 1
    assert signal.getsignal(number) is handler
    assert threading.active_count() == threads
    assert signal.set_wakeup_fd(-1) == -1


def test_other_signals_are_no_interrupts() -> None:
    """A signal that somebody else handles turns no error into an interrupt."""

    def fail() -> NoReturn:
        os.kill(os.getpid(), signal.SIGUSR1)
        raise LookupError

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with duckdb.connect() as connection:
            with pytest.raises(LookupError), terminable(), interruptible(connection):
                fail()
            assert connection.execute("select 1").fetchall() == [(1,)]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_other_errors_pass_through() -> None:
    """An error that is not an interrupt is passed on unchanged."""
    with duckdb.connect() as connection:
        message = "another"
        with pytest.raises(RuntimeError, match=message), interruptible(connection):
            raise RuntimeError(message)
        with pytest.raises(duckdb.CatalogException), interruptible(connection):
            connection.execute("from nowhere")


def test_another_thread_may_build() -> None:
    """Outside of the main thread, where Python allows no signal handler, a query runs as ever."""
    found = []

    def query() -> None:
        with duckdb.connect() as connection, terminable(), interruptible(connection):
            found.extend(connection.execute("select 1").fetchall())

    thread = threading.Thread(target=query)
    thread.start()
    thread.join()
    assert found == [(1,)]


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("pipeline.jobs.export.snapshot.make_durable", ["export", "--output", "out"]),
        ("pipeline.cli.query_command.write_result", ["sql", "select 1", "--output", "out.csv"]),
        ("pipeline.jobs.verify.verdicts", ["verify", SAMPLES]),
        ("pipeline.report.charts.bars", ["report"]),
        ("pipeline.jobs.check.check_findings", ["check"]),
        ("pipeline.warehouse.differences.diff", ["diff", "current", "current"]),
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
    """SIGTERM ends a command that makes files with 130, and its unfinished files are removed."""

    def terminate(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(place, terminate)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    warehouse = [] if "verify" in command else ["--warehouse", samples_warehouse]
    finished = console(*command, *warehouse)
    assert (finished.code, finished.errors.strip()) == (130, "pith-etl: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_a_search_that_is_terminated_leaves_nothing(
    console: Console, samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM ends a search that is making its index, and no file is left."""
    warehouse = tmp_path / "warehouse"
    shutil.copytree(samples_warehouse, warehouse, symlinks=True)
    monkeypatch.setattr(snapshot, "sync", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    finished = console("search", "gpu", "--warehouse", warehouse)
    assert (finished.code, finished.errors.strip()) == (130, "pith-etl: interrupted")
    assert list((warehouse / "search").iterdir()) == []


def test_a_dump_that_is_terminated_leaves_no_process(tmp_path: Path) -> None:
    """SIGTERM ends `synth` and its workers, with 130."""
    process = start("synth", 1_000_000, tmp_path / "dump")
    while not list(tmp_path.glob("dump/documents/record/0001/*")):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    _, errors = process.communicate(timeout=30)
    await_end(process.pid)
    assert (process.returncode, errors.strip()) == (130, "pith-etl: interrupted")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("place", "query", "command"),
    [
        ("pipeline.catalog.intermediate_sql", LONG, ["check"]),
        ("pipeline.cli.snapshot_commands.literal", _NONE, ["check", "--rows", "document_refused"]),
        (
            "pipeline.warehouse.differences.diff_query",
            LONG,
            ["diff", "current", "current", "--table", "papers"],
        ),
        ("pipeline.warehouse.differences.diff_query", _DIFFERENCE, ["diff", "current", "current"]),
        ("pipeline.report.data.sql", LONG, ["report", "--output", "-"]),
        ("pipeline.warehouse.papers.sql", f"select $text, $most, ({LONG})", ["show", "1512.01274"]),
        ("pipeline.report.data.sql", LONG, ["build", SAMPLES, "--html", "page.html"]),
        ("pipeline.sources.inventory.contents", _DIGESTS, ["build", SAMPLES, "--keep", "1"]),
    ],
)
def test_a_signal_in_a_query_ends_its_command(  # noqa: PLR0913, PLR0917 - fixtures
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    samples_warehouse: Path,
    number: signal.Signals,
    place: str,
    query: str,
    command: list[object],
) -> None:
    """Wherever a query runs, a signal ends the command with 130, and no traceback."""
    timer = threading.Timer(1, os.kill, [os.getpid(), number])
    asked: Callable[..., str] = pkgutil.resolve_name(place)

    def long(*values: object) -> str:
        # the page on the interrupted run calls this again
        if timer.ident is not None:
            return asked(*values)
        timer.start()
        return query

    monkeypatch.setattr(place, long)
    monkeypatch.chdir(tmp_path)
    warehouse = tmp_path / "warehouse"
    if command[0] != "build":
        warehouse = samples_warehouse
    finished = console(*command, "--warehouse", warehouse)
    assert (finished.code, finished.errors.splitlines()[-1]) == (130, "pith-etl: interrupted")
    timer.join()


def test_a_signal_at_the_start_is_an_interrupt(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM ends any command with 130, even while it reads its arguments."""

    def parse(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(main.cli, "make_context", parse)
    finished = console("tables")
    assert (finished.code, finished.errors.strip()) == (130, "pith-etl: interrupted")


def test_a_query_of_a_user_is_interrupted(samples_warehouse: Path) -> None:
    """Ctrl-C ends `pith-etl sql` during a query, with 130 and no traceback."""
    query = "select count(*) from range(10000000) a, range(1000000) b where (a.range*b.range)%7=3"
    program = Path(sys.executable).parent / "pith-etl"
    command = [str(program), "sql", query, "--warehouse", str(samples_warehouse)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, "pith-etl: interrupted")
