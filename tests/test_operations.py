"""docs/operations.md tells the truth: its commands parse, and its messages are the program's."""

from __future__ import annotations

import configparser
import re
import shlex

import click
import pytest

from pipeline.cli import cli
from tests.paths import REPO

PAGE = (REPO / "docs" / "operations.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in sorted((REPO / "pipeline").glob("*.py")))
COMMANDS = sorted(
    set(re.findall(r"pith-etl ((?:build|history|diff|check|rollback|prune) [^`\n>]+)", PAGE))
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
