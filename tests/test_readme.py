"""The README is right: commands run, output is real, links lead to files."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.console import Console
from tests.paths import REPO, SAMPLES

README = (REPO / "README.md").read_text("utf-8")
_OUTPUT = re.compile(r"<!-- output: (.+?) -->\n```text\n(.*?)```", re.DOTALL)
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")

OUTPUTS = _OUTPUT.findall(README)
LINES = [
    line.removeprefix("$ ")
    for block in _CONSOLE.findall(README)
    for line in block.splitlines()
    if line.startswith("$ ")
]
#: The commands that can run here: those that name no directory of the reader's.
COMMANDS = list(
    dict.fromkeys(
        line.removeprefix(".venv/bin/pith-etl ")
        for line in LINES
        if line.startswith(".venv/bin/pith-etl ") and "/srv/" not in line
    )
)


def test_the_readme_is_short_and_says_first_what_it_gives() -> None:
    """The README has at most 700 words beside output, and begins with what the program gives."""
    words = re.sub(r"```text\n.*?```", "", README, flags=re.DOTALL).split()
    assert len(words) <= 700
    first = README.split("\n\n")[1]
    assert first.startswith("`pith-etl` gives")


def test_the_readme_has_output_and_commands() -> None:
    """The first command is the query that the issue asks for."""
    assert len(OUTPUTS) >= 2
    assert len(COMMANDS) >= 2
    assert "receipt_status, title_status from papers order by submitted_at" in COMMANDS[0]


@pytest.mark.parametrize(("query", "printed"), OUTPUTS)
def test_output_is_real(
    console: Console, samples_warehouse: Path, query: str, printed: str
) -> None:
    """Each output in the README is what its query prints over the samples, to the letter."""
    found = console("sql", query, "--warehouse", samples_warehouse)
    assert (found.code, found.output) == (0, printed)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(
    console: Console,
    samples_warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """Each command runs as it is written, in a folder where `make build` was run."""
    (tmp_path / "data").mkdir()
    shutil.copytree(samples_warehouse, tmp_path / "data" / "warehouse", symlinks=True)
    shutil.copytree(SAMPLES, tmp_path / "data" / "samples")
    monkeypatch.chdir(tmp_path)
    found = console(*shlex.split(command))
    assert (found.code, found.errors) == (0, "")


def test_targets_exist() -> None:
    """Each `make` target that the README names is in the Makefile."""
    makefile = (REPO / "Makefile").read_text("utf-8")
    targets = [line.removeprefix("make ") for line in LINES if line.startswith("make ")]
    assert targets
    for target in targets:
        assert re.search(rf"^{re.escape(target.split()[0])}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("link", sorted(set(_LINK.findall(README))))
def test_links_lead_somewhere(link: str) -> None:
    """Each relative link of the README names a file or folder of the project."""
    assert (REPO / link).exists()
