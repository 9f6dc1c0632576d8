"""`pith-etl shell` answers query after query, on a real terminal and without one."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from pipeline import Warehouse, catalog
from pipeline.cli.shell import Names, Shell, is_whole
from tests.console import Console


class _Terminal:
    """A pseudo terminal on which `pith-etl` runs."""

    def __init__(self, process: int, descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self._read = b""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def await_text(self, text: str) -> None:
        """Read until a text appears that was not read before; fail after a minute."""
        deadline = time.monotonic() + 60
        while text.encode() not in self._read:
            assert time.monotonic() < deadline, self._read.decode(errors="replace")
            if select.select([self._descriptor], [], [], 1)[0]:
                self._read += os.read(self._descriptor, 65536)
        self._read = self._read.partition(text.encode())[2]

    def code(self) -> int:
        """Return the exit code of the process, once it has ended; kill it after a minute."""
        deadline = time.monotonic() + 60
        try:
            while time.monotonic() < deadline:
                if select.select([self._descriptor], [], [], 1)[0]:
                    os.read(self._descriptor, 65536)
            os.kill(self.process, signal.SIGKILL)
        except OSError:
            pass  # the process has closed the terminal
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@contextmanager
def _terminal(home: Path, *arguments: object) -> Iterator[_Terminal]:
    process, descriptor = pty.fork()
    if process == 0:
        os.environ |= {"XDG_STATE_HOME": str(home), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        program = "from pipeline.cli.main import main; main()"
        os.execv(sys.executable, [sys.executable, "-c", program, *map(str, arguments)])  # noqa: S606
    terminal = _Terminal(process, descriptor)
    try:
        yield terminal
    finally:
        os.close(descriptor)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_session_on_a_terminal(samples_warehouse: Path, tmp_path: Path) -> None:
    """Queries over several lines, a mistake, Ctrl-C in a query, Ctrl-D; a private history."""
    with _terminal(tmp_path, "sql", "--warehouse", samples_warehouse) as terminal:
        terminal.await_text("pith>")
        terminal.type("select 40 +\r count(*) as n\r from papers;\r")
        terminal.await_text("45")
        terminal.await_text("1 row")
        terminal.type("from paper;\r")
        terminal.await_text('Did you mean "papers"?')
        terminal.type("select count(*) from range(1000000000000) t(i) where hash(i) = 0;\r")
        terminal.await_text("hash(i) = 0;")
        time.sleep(0.5)
        terminal.type("\x03")
        terminal.type("select 'pa' || 'pers' as lo;\r")
        terminal.await_text("papers")
        # between two prompts the terminal itself would take Ctrl-D
        terminal.await_text("pith>")
        time.sleep(0.2)
        terminal.type("\x04")
        assert terminal.code() == 0
    history = tmp_path / "pith-etl" / "history"
    assert "from paper;" in history.read_text(encoding="utf-8")
    assert history.stat().st_mode & 0o077 == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_sigterm_ends_a_shell(samples_warehouse: Path, tmp_path: Path) -> None:
    """SIGTERM ends it with 130, also while it waits for a key."""
    with _terminal(tmp_path, "shell", "--warehouse", samples_warehouse) as terminal:
        terminal.await_text("pith>")
        os.kill(terminal.process, signal.SIGTERM)
        assert terminal.code() == 130


def test_a_shell_needs_a_terminal(console: Console, samples_warehouse: Path) -> None:
    """From a pipe the shell is wrong usage, and so is `sql` without a query."""
    found = console("shell", "--warehouse", samples_warehouse)
    assert (found.code, found.output) == (2, "")
    assert "`pith-etl sql -` reads a query from standard input" in found.errors
    assert console("sql", "--warehouse", samples_warehouse).code == 2


@pytest.fixture
def shell(samples_warehouse: Path) -> Iterator[Shell]:
    """Return a shell over the samples."""
    with Warehouse(samples_warehouse) as warehouse:
        yield Shell(warehouse)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("select 1 as one;", "one"),
        (".tables", "citation_graph"),
        (".tables trust", "receipt_status"),
        (".queries most_cited", "limit cast($rows"),
        (".run most_cited rows=1", "MXNet"),
        (".help", ".format NAME"),
    ],
)
def test_a_line_is_answered(
    shell: Shell, capsys: pytest.CaptureFixture[str], line: str, printed: str
) -> None:
    """Queries and commands print their answers."""
    assert shell.answer(line)
    captured = capsys.readouterr()
    assert printed in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("from paperss;", "Did you mean"),
        ("create table x as select 1;", "only queries can be run"),
        ("select 1; select 2;", "one query is expected"),
        (".tabels", "there is no command .tabels; .help lists them"),
        (".tables a b", "one name at most is expected, not a b"),
        (".tables 'a", "No closing quotation"),
        (".run", "there is no query ''"),
        (".run most_cited x=1", "most_cited has no parameter 'x'"),
        (".format xml", "a format is one of table, line, csv"),
        (".format parquet", "a format is one of table, line, csv"),
    ],
)
def test_a_mistake_is_told_and_the_shell_goes_on(
    shell: Shell, capsys: pytest.CaptureFixture[str], line: str, told: str
) -> None:
    """An error is a message on standard error, and the next line is answered."""
    assert shell.answer(line)
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""
    assert shell.answer("select 1 as one;")


def test_a_format_stays(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """`.format` holds for all that follows."""
    shell.answer(".format csv")
    shell.answer("select 1 as one;")
    shell.answer("select 2 as two;")
    assert capsys.readouterr().out == "one\n1\ntwo\n2\n"


def test_a_shell_is_left_by_a_word(shell: Shell) -> None:
    """`.quit` and `exit` leave it; an empty line does not."""
    assert [shell.answer(line) for line in (".quit", "exit;", "", ";")] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "whole"),
    [("select 1", False), ("select 1;", True), (".tables", True), ("", True), ("exit", True)],
)
def test_enter_ends_a_query_by_its_semicolon(text: str, whole: bool) -> None:  # noqa: FBT001 - a case
    """Enter goes on to another line until a query has its semicolon; a command needs none."""
    assert is_whole(text) is whole


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("select titl", ["title", "title_canon_sha256"]),
        ("from cita", ["citation_graph", "citations"]),
        ("from PAP", ["papers"]),
        ("from reso", ["resolve"]),
        ("sel", ["select"]),
        ("select ", []),
        (".ta", [".tables"]),
        (".tables tru", ["trust"]),
        (".run most", ["most_cited"]),
        (".format js", ["json", "jsonl"]),
        (".nothing x", []),
    ],
)
def test_tab_completes_what_may_stand_there(line: str, offered: list[str]) -> None:
    """Keywords, tables, views, columns, the macro, examples, formats or commands."""
    found = Names(["select"]).get_completions(Document(line), CompleteEvent())
    names = [completion.text for completion in found]
    assert set(offered) <= set(names)
    assert names == sorted(names)
    if not offered:
        assert names == []


def test_tab_shows_what_a_name_means() -> None:
    """The completion of a table shows its meaning."""
    found = Names([]).get_completions(Document("from claims"), CompleteEvent())
    shown = {completion.text: completion.display_meta_text for completion in found}
    assert shown["claims"] == catalog.table("claims").meaning
