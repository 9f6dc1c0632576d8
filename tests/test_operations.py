"""docs/operations.md tells the truth: its commands parse, and its messages are the program's."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from pipeline.cli import cli
from tests.paths import REPO

PAGE = (REPO / "docs" / "operations.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in sorted((REPO / "pipeline").glob("*.py")))
COMMANDS = sorted(
    set(
        re.findall(r"pith-etl ((?:build|history|diff|check|rollback|prune) .+?)(?= 2>|[`\n])", PAGE)
    )
)
#: What stands for a value in the messages of the page.
_VALUES = re.compile(
    r"\d+%|\d[\w:+-]*|/srv/\w+|papers/part\S*|NAME|…\S*|mirror|\[Errno.*|\(process.*?\)"
    r"|: No such.*|: Read-only.*"
)
_ROWS = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command: str) -> None:
    """Each command on the page is one that the program has, with options that it has."""
    name, *arguments = shlex.split(command)
    parent = click.Context(cli, info_name="pith-etl", **cli.context_settings)
    cli.commands[name].make_context(name, arguments, parent)


def test_there_are_commands() -> None:
    """The page shows every command of an operator."""
    assert {command.split()[0] for command in COMMANDS} >= {
        *("build", "history", "diff", "check", "rollback", "prune")
    }
    assert isinstance(cli, click.Group)


def test_the_cron_line_works_for_its_user(tmp_path: Path) -> None:
    """It hands all that a build says to the system's log, and writes no file of its own."""
    (line,) = re.findall(r"^0 3 .*", PAGE, re.MULTILINE)
    *_, user, command = line.split(maxsplit=6)
    (tmp_path / "pith-etl").write_text("#!/bin/sh\necho said $1\necho why >&2\n")
    (tmp_path / "logger").write_text('#!/bin/sh\necho "$@"\ncat\n')
    for stub in tmp_path.iterdir():
        stub.chmod(0o755)
    ran = subprocess.run(  # noqa: S603 - the page is ours
        ["/bin/sh", "-c", command.replace("/opt/pith-etl/.venv/bin/", "")],
        env={"PATH": f"{tmp_path}:/bin:/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert user == "pith"
    assert ran.stdout.splitlines() == ["-t pith-etl", "said build", "why"]
    assert not re.search(r">\s*/", command)


@pytest.mark.parametrize("message", _ROWS)
def test_messages_are_real(message: str) -> None:
    """The words of each message that are no value stand in the program."""
    code = re.sub(r'"\s*\n\s*f?"', "", SOURCE)
    for words in _VALUES.split(message):
        if len(words.strip(" ;:,.")) > 3:
            assert words.strip(" ;:,.") in code


def test_the_units_are_units() -> None:
    """Service and timer have the sections that systemd wants, and name real options."""
    for block in re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL):
        unit = configparser.ConfigParser(interpolation=None)
        unit.read_string(block)
        assert "Unit" in unit
        assert ("Service" in unit) != ("Timer" in unit)
