"""The pages for operators are right: commands parse, and messages are the program's."""

from __future__ import annotations

import configparser
import errno
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli.main import cli
from tests.paths import REPO

#: The pages, one after the other.
PAGE = "".join(
    (REPO / "docs" / name).read_text("utf-8")
    for name in (
        "runs.md",
        *(
            f"howto/{name}.md"
            for name in (
                *("nightly", "alerts", "snapshots", "changes", "sizing", "cluster", "backup"),
                "failures",
            )
        ),
    )
)
SOURCE = "".join(path.read_text("utf-8") for path in sorted((REPO / "pipeline").rglob("*.py")))
COMMANDS = sorted(
    set(
        re.findall(r"pith-etl ((?:build|history|diff|check|rollback|prune) .+?)(?= 2>|[`\n])", PAGE)
    )
)
#: What the operating system says of an error.
_REASONS = "|".join(re.escape(os.strerror(code)) for code in errno.errorcode)
#: What stands for a value in the messages of the page.
_VALUES = re.compile(
    r"s3://[\w/]+|/srv/[\w*.]+|papers/\d{4}\S*|\d+%|\d[\w:+-]*|NAME|…\S*|mirror|AccessDenied"
    rf"|\[Errno.*|\(process.*?\)|{_REASONS}"
)
_ROWS = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command: str) -> None:
    """Each command on the pages is one that the program has, with options that it has."""
    name, *arguments = shlex.split(command)
    parent = click.Context(cli, info_name="pith-etl", **cli.context_settings)
    cli.commands[name].make_context(name, arguments, parent)


def test_there_are_commands() -> None:
    """The pages show every command of an operator."""
    assert {command.split()[0] for command in COMMANDS} >= {
        *("build", "history", "diff", "check", "rollback", "prune")
    }
    assert isinstance(cli, click.Group)


#: What starts a build on the page, as the shell is to run it: the lines of cron, of systemd, and
#: those for a console.
_SHELL = dict(re.findall(r"^(SHELL|MAILTO)=(.*)$", PAGE, re.MULTILINE))
_BUILDS = [
    *re.findall(r"^0 3 \* \* \*  pith  (.*)$", PAGE, re.MULTILINE),
    *re.findall(r"^ExecStart=(\S+ build .*)$", PAGE, re.MULTILINE),
    *re.findall(r"^\$ (pith-etl build .*)$", PAGE, re.MULTILINE),
]


@pytest.mark.parametrize("line", _BUILDS)
def test_the_exit_code_of_a_build_that_fails_arrives(line: str, tmp_path: Path) -> None:
    """Each line that starts a build ends with its code and tells why; a timer's leaves a page."""
    folders = [tmp_path / name for name in ("srv/tables", "var/lib/node_exporter", "bin")]
    for folder in folders:
        folder.mkdir(parents=True)
    stubs = {
        "pith-etl": f'exec "{sys.executable}" -c "from pipeline.cli.main import main; main()" "$@"',
        "logger": 'echo "$@"; cat',
    }
    for name, script in stubs.items():
        (folders[2] / name).write_text(f"#!/bin/sh\n{script}\n")
        (folders[2] / name).chmod(0o755)
    command = line.replace("/opt/pith-etl/.venv/bin/", "")
    # cron sets hardly more variables than these
    ran = subprocess.run(  # noqa: S603 - the page is ours
        [_SHELL["SHELL"], "-c", re.sub(r" (?=/(srv|var)/)", f" {tmp_path}", command)],
        env={"PATH": f"{folders[2]}:/bin:/usr/bin", "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert f"cannot read the source {tmp_path}/srv/pith" in ran.stdout + ran.stderr
    assert ("exit code 1" in ran.stdout) == ("logger" in line)
    # the lines of timers make a page, those for a console do not
    assert ("--html" in line) == ("/opt/" in line)
    if "--html" in line:
        page = (tmp_path / "srv/tables/report.html").read_text()
        assert "Last attempt failed at" in page


def test_the_cron_line_is_its_user_s_and_writes_no_log_of_its_own() -> None:
    """The line names the user `pith` and redirects nothing to a file, and MAILTO is set."""
    (line,) = re.findall(r"^0 3 .*", PAGE, re.MULTILINE)
    assert line.split()[5] == "pith"
    assert not re.search(r">\s*/", line)
    assert "MAILTO" in _SHELL


@pytest.mark.parametrize("message", _ROWS)
def test_messages_are_real(message: str) -> None:
    """The words of each message that are no value stand in the program."""
    code = re.sub(r'"\s*\n\s*f?"', "", SOURCE)
    for words in _VALUES.split(message):
        if len(words.strip(" ;:,.")) > 3:
            assert words.strip(" ;:,.") in code


def test_the_units_are_units() -> None:
    """Each unit has a section `Unit`, and either `Service` or `Timer`."""
    for block in re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL):
        unit = configparser.ConfigParser(interpolation=None)
        unit.read_string(block)
        assert "Unit" in unit
        assert ("Service" in unit) != ("Timer" in unit)
