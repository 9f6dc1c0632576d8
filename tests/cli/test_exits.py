"""How a command ends: always with an exit code and at most one message."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli import exits
from pipeline.errors import PithEtlError, UsageError


def _ending(error: BaseException) -> click.Command:
    """Return a command that raises an error."""

    def end() -> None:
        raise error

    return click.Command("end", callback=end)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (click.exceptions.Exit(3), 3, ""),
        (PithEtlError("it cannot be"), 1, "pith-etl: it cannot be\n"),
        (UsageError("not so"), 2, "pith-etl: not so\n"),
        (click.ClickException("no"), 1, "Error: no\n"),
        (SystemExit(4), 4, ""),
        (KeyboardInterrupt(), 130, "\npith-etl: interrupted\n"),
        (BrokenPipeError(), 0, ""),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            1,
            "pith-etl: [Errno 28] No space left on device\n",
        ),
    ],
    ids=repr,
)
def test_an_end_is_a_code_and_a_message(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    message: str,
) -> None:
    """What ends a command becomes an exit code and one message on standard error."""
    monkeypatch.setattr(sys, "argv", ["pith-etl"])
    assert exits.run(_ending(error)) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", message)


def test_the_end_of_a_command_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that returns exits with 0."""
    monkeypatch.setattr(sys, "argv", ["pith-etl"])
    assert exits.run(click.Command("end", callback=lambda: None)) == 0


@pytest.mark.parametrize("form", ["table", "csv", "jsonl", "json", "parquet"])
def test_a_reader_that_leaves(samples_warehouse: Path, form: str) -> None:
    """When the reader of a pipe closes it, the command exits with 0 and prints no error."""
    query = "select i, repeat('x', 100) as x from range(20000) t(i)"
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()"]
    options = ["sql", query, "--warehouse", str(samples_warehouse), "--format", form]
    with subprocess.Popen(  # noqa: S603 - this very interpreter, with arguments of ours
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize(("command", "code"), [("check", 1), ("verify", 1), ("history", 0)])
def test_no_verdict_is_lost_with_its_reader(
    monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    """When the reader of a pipe leaves, a command that gives a verdict exits with 1, others 0."""
    monkeypatch.setattr(sys, "argv", ["pith-etl", command])
    group = click.Group("group", {command: _ending(BrokenPipeError())})
    assert exits.run(group) == code


def _closing(stream: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `pith-etl` in a shell that closes or redirects a stream."""
    program = f'exec "$0" -c "from pipeline.cli.main import main; main()" "$@" {stream}'
    command = ["/bin/sh", "-c", program, sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603 - ours


@pytest.mark.parametrize(
    ("streams", "code", "errors"),
    [
        (">&-", 1, "pith-etl: standard output is closed; discard it by `> /dev/null`\n"),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        ("<&- >&- 2>&-", 1, ""),
    ],
)
def test_a_closed_stream(samples_warehouse: Path, streams: str, code: int, errors: str) -> None:
    """Without a standard output a command fails and says so; the other streams may be missing."""
    query = ("sql", "select 1 as one", "--format", "csv", "--warehouse", samples_warehouse)
    found = _closing(streams, *query)
    assert (found.returncode, found.stderr) == (code, errors)
    assert found.stdout == ("" if code else "one\n1\n")


@pytest.mark.parametrize("arguments", [("no such command",), ("verify", "")])
def test_an_end_that_cannot_be_told_keeps_its_code(arguments: tuple[str, ...]) -> None:
    """If standard error cannot be written, the exit code is still right, click's or ours."""
    assert _closing("2>/dev/full", *arguments).returncode == 2


def test_a_query_from_a_closed_input(samples_warehouse: Path) -> None:
    """A query that is to come from a closed standard input is wrong usage."""
    found = _closing("<&-", "sql", "-", "--warehouse", samples_warehouse)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "pith-etl: one query is expected, not 0 statements\n"
