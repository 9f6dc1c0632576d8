"""The pages of `docs/`: their blocks, and a reader who types them in."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.console import Console
from tests.paths import REPO, SAMPLES

DOCS = REPO / "docs"
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROGRAM = re.compile(r"(\.venv/bin/)?pith-etl ")
#: Commands of the shell that a page may use; they change only the reader's folder.
_SHELL = {"cp", "head", "rm"}
#: How a page names a snapshot of another night.
_NIGHT = "20261120T030000.000000Z"


@dataclass(frozen=True)
class Step:
    """A command of a page, and what the page says that it prints, or nothing."""

    command: str
    printed: str


def pages() -> dict[str, str]:
    """Return the pages by their paths below `docs/`."""
    return {
        page.relative_to(DOCS).as_posix(): page.read_text("utf-8")
        for page in sorted(DOCS.rglob("*.md"))
    }


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the language and the text of each block of a page that names a language."""
    return _BLOCK.findall(page)


def steps(block: str) -> Iterator[Step]:
    """Yield the commands of a console, each with the lines below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield Step(command, printed)


def expected(printed: str) -> re.Pattern[str]:
    """Return a pattern of an output: `…` stands for any text in a line, alone for any lines."""
    pattern = re.escape(printed).replace("…\\\n", "…\n").replace("\\\n", "\n")
    pattern = re.sub(r"^…\n", r"(?:.*\\n)*?", pattern, flags=re.MULTILINE)
    return re.compile(pattern.replace("…", ".*"))


class Reader:
    """Somebody with `pith-etl` who types in what a page says, in a folder of their own.

    The folder has what `make build` makes, and `/srv` stands for a folder in it.
    """

    def __init__(
        self, console: Console, monkeypatch: pytest.MonkeyPatch, folder: Path, warehouse: Path
    ) -> None:
        """Put the samples and their warehouse into the folder, and go there."""
        self._console = console
        self._monkeypatch = monkeypatch
        self._srv = folder / "srv"
        self._code, self._errors = 0, ""
        for documents, tables in (
            (folder / "data" / "samples", folder / "data" / "warehouse"),
            (self._srv / "pith", self._srv / "tables"),
        ):
            documents.parent.mkdir(parents=True, exist_ok=True)
            # the warehouse knows them by their real path, so that a build has nothing to do
            documents.symlink_to(SAMPLES)
            shutil.copytree(warehouse, tables, symlinks=True)
        shutil.copy(REPO / "data" / "keyring.json", folder / "data")
        self._snapshot = (warehouse / "current").resolve().name
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "100")

    def follow(self, page: str, untried: dict[str, str]) -> None:
        """Type in the blocks of a page for the console and for Python, in order."""
        globals_: dict[str, object] = {}
        for language, text in blocks(page):
            if language == "console":
                for step in steps(text):
                    if not any(step.command.startswith(one) for one in untried):
                        self._type(step)
            elif language == "pycon":
                self._interpret(text, globals_)
        assert self._code == 0, self._errors

    def _type(self, step: Step) -> None:
        asks = step.command == "echo $?"
        assert self._code == 0 or asks, f"{step.command} comes after {self._errors}"
        output = f"{self._code}\n" if asks else self.run(step.command)
        if asks:
            self._code = 0
        if step.printed:
            assert expected(step.printed).fullmatch(output), f"{step.command}\n{output}"

    def run(self, command: str) -> str:
        """Return what a command prints on standard output."""
        command = re.sub(r"(?<=[ =])/srv/", f"{self._srv}/", command)
        command = command.replace(_NIGHT, self._snapshot)
        program, *arguments = shlex.split(command)
        if program == "export":
            self._monkeypatch.setenv(*arguments[0].split("=", 1))
        elif _PROGRAM.match(command):
            found = self._console(*arguments)
            self._code, self._errors = found.code, f"{command}:\n{found.errors}"
            # tables end lines with spaces, which no editor of a page keeps
            return re.sub(r" +$", "", found.output, flags=re.MULTILINE)
        else:
            assert program in _SHELL, f"no test runs {program}: list it with the reason"
            done = subprocess.run(  # noqa: S603 - the command is of our own page
                ["/bin/sh", "-c", command], stdout=subprocess.PIPE, text=True, check=True
            )
            return done.stdout
        return ""

    @staticmethod
    def _interpret(text: str, globals_: dict[str, object]) -> None:
        test = doctest.DocTestParser().get_doctest(text, globals_, "page", None, None)
        said: list[str] = []
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        runner = doctest.DocTestRunner(verbose=False, optionflags=flags)
        assert not runner.run(test, out=said.append, clear_globs=False).failed, "".join(said)
        globals_.update(test.globs)
