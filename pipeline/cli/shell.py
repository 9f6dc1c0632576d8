"""`pith-etl shell`: queries one after the other at a prompt, with history and completion."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn, get_args

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from pipeline import catalog
from pipeline.cli import queries, query_command
from pipeline.errors import PithEtlError, UsageError
from pipeline.formats import ResultFormat
from pipeline.text import safe
from pipeline.warehouse.reader import Warehouse

_PROMPT, _CONTINUED = "pith> ", "  ... "
_LEAVE = (".quit", ".exit", "quit", "exit")
_COMMANDS = (".format", ".help", ".queries", ".quit", ".run", ".tables")
_WORD_AT_END = re.compile(r"\w*$", re.ASCII)
#: The formats that a terminal can show.
_FORMATS: Mapping[str, ResultFormat] = {
    form: form for form in get_args(ResultFormat) if form != "parquet"
}
_HELP = """\
A query ends with a semicolon and may span lines. Tab completes, the arrows find earlier queries.
.tables [NAME]             the tables and views, or the columns of one
.queries [NAME]            the worked examples, or the SQL of one
.run NAME [KEY=VALUE]...   run a worked example
.format NAME               print as table, line, csv, json or jsonl
.quit                      leave, as Ctrl-D does
"""


class Shell:
    """What the prompt knows: the warehouse, and how results are printed."""

    def __init__(self, warehouse: Warehouse) -> None:
        """Prepare a warehouse for the queries to come."""
        self._warehouse = warehouse
        self._format: ResultFormat = "table"
        self._commands: Mapping[str, Callable[[list[str]], None]] = {
            ".help": self._help,
            ".tables": self._tables,
            ".queries": self._queries,
            ".run": self._run,
            ".format": self._choose_format,
        }
        query_command.prepare(warehouse)

    def answer(self, text: str) -> bool:
        """Do what a line says; return False if it says to leave.

        An error is told, and the next line is read.
        """
        line = text.strip()
        if line.rstrip(";") in _LEAVE:
            return False
        try:
            if line.startswith("."):
                self._command(line)
            elif line.strip(";").strip():
                query_command.answer(self._warehouse, line, self._format, None)
            sys.stdout.flush()
        except PithEtlError as error:
            sys.stderr.write(f"{safe(str(error))}\n")
        return True

    def _command(self, line: str) -> None:
        try:
            name, *arguments = shlex.split(line.rstrip(";"))
        except ValueError as error:
            message = f"{error}; .help lists the commands"
            raise UsageError(message) from None
        if name not in self._commands:
            message = f"there is no command {name}; .help lists them"
            raise UsageError(message)
        self._commands[name](arguments)

    def _help(self, _arguments: list[str]) -> None:
        sys.stdout.write(_HELP)

    def _tables(self, arguments: list[str]) -> None:
        query_command.write_tables(self._warehouse, _only(arguments), sys.stdout)

    def _queries(self, arguments: list[str]) -> None:
        queries.write(_only(arguments), sys.stdout)

    def _run(self, arguments: list[str]) -> None:
        name = _only(arguments[:1]) or ""
        sql, values = catalog.bound(name, queries.values(arguments[1:]))
        query_command.answer(self._warehouse, sql, self._format, None, values)

    def _choose_format(self, arguments: list[str]) -> None:
        name = _only(arguments) or ""
        if name not in _FORMATS:
            message = f"a format is one of {', '.join(_FORMATS)}"
            raise UsageError(message)
        self._format = _FORMATS[name]


def _only(arguments: list[str]) -> str | None:
    """Return the argument of a command that takes one at most."""
    if len(arguments) > 1:
        message = f"one name at most is expected, not {shlex.join(arguments)}"
        raise UsageError(message)
    return arguments[0] if arguments else None


class Names(Completer):
    """Completes what a line begins: keywords, tables, views, columns, examples and commands."""

    def __init__(self, keywords: Iterable[str]) -> None:
        """Gather the names with their meanings."""
        relations = catalog.relations().values()
        columns = {one.name: one.meaning for table in relations for one in table.columns}
        tables = {table.name: table.meaning for table in relations}
        tables |= {macro.name: macro.meaning for macro in catalog.macros()}
        examples = {one.name: one.question for one in catalog.queries().values()}
        self._sql = dict.fromkeys(keywords, "") | columns | tables
        self._arguments = {
            ".tables": tables,
            ".queries": examples,
            ".run": examples,
            ".format": dict.fromkeys(_FORMATS, ""),
        }

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yield the names that the word before the cursor begins."""
        del complete_event
        line = document.text_before_cursor
        word = line if line.startswith(".") else _WORD_AT_END.search(line)[0]  # type: ignore[index]
        known: Mapping[str, str] = self._sql if word else {}
        if line.startswith("."):
            command, blank, word = line.partition(" ")
            known = self._arguments.get(command, {})
            if not blank:
                known, word = dict.fromkeys(_COMMANDS, ""), command
        for name in sorted(known):
            if name.startswith(word.lower()):
                yield Completion(name, -len(word), display_meta=known[name])


def is_whole(text: str) -> bool:
    """Tell whether Enter ends a text: a query by its semicolon, a command and an empty line."""
    line = text.strip()
    return not line or line.endswith(";") or line.startswith(".") or line in _LEAVE


def run(path: Path) -> None:
    """Read queries at a prompt and answer each, until the user leaves.

    Ctrl-C stops the query that runs, or drops the line; SIGTERM ends the shell.

    Raises:
        UsageError: standard input or output is not a terminal.
        WarehouseError: nothing is published.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        message = "a shell needs a terminal; `pith-etl sql -` reads a query from standard input"
        raise UsageError(message)
    with Warehouse(path) as warehouse:
        rows = warehouse.connection.execute("select keyword_name from duckdb_keywords()").fetchall()
        shell = Shell(warehouse)
        sys.stdout.write(f"{warehouse.snapshot.name}: .help lists the commands, Ctrl-D leaves\n")
        _answer_all(shell, _session(Names(name for (name,) in rows)))


def _answer_all(shell: Shell, session: PromptSession[str]) -> None:
    ended: list[int] = []

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        ended.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    going = True
    while going:
        try:
            going = shell.answer(session.prompt(_PROMPT))
        except EOFError:
            going = False
        except KeyboardInterrupt:
            if ended:
                raise


def _session(names: Names) -> PromptSession[str]:
    return PromptSession(
        history=_history(),
        completer=names,
        complete_while_typing=False,
        multiline=Condition(lambda: not is_whole(get_app().current_buffer.text)),
        prompt_continuation=_CONTINUED,
    )


def _history() -> History:
    """Return the history of this user, kept in a file that nobody else may read."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111
    file = Path(state, "pith-etl", "history")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))
