"""The pages of `docs/` are right: what they tell to type in runs, and prints what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import guides
from tests.console import Console
from tests.guides import Reader

PAGES = guides.pages()

#: The beginnings of commands that no test types in from a page, and why not.
UNTRIED = {
    "dask ": "tests/runner/test_cluster.py starts the cluster",
    "duckdb ": "the client is no package of Python; tests/warehouse/test_views.py opens the file",
    "install ": "makes users' folders as root",
    "journalctl ": "needs systemd",
    "make ": "tests/test_docs.py looks for the targets",
    "pith-etl rollback": "needs a second night; tests/jobs/test_retention.py has some",
    "systemctl ": "needs systemd",
    "useradd ": "makes a user as root",
}

#: The languages whose blocks are no input of a reader.
_SHOWN = {"text", "stated", "yaml"}

#: The blocks in other languages: page and language, and why no test runs them from the page.
UNTRIED_BLOCKS = {
    ("howto/alerts.md", "ini"): "needs systemd; tests/cli/test_operations.py reads the units",
    ("howto/bucket.md", "sql"): "needs httpfs, which is fetched",
    ("howto/install.md", "bash"): "tests/cli/test_help.py completes by it in a real bash",
    ("howto/nightly.md", "ini"): "needs systemd; tests/cli/test_operations.py reads the units",
    ("howto/pandas.md", "python"): "pandas is in no environment of the tests",
    ("howto/r.md", "r"): "needs R",
    ("howto/spark.md", "python"): "needs a JVM and Spark",
    ("howto/trino.md", "sql"): "needs a JVM and Trino",
    ("synth.md", "sql"): "tests/synth/test_dump.py compares the same on a dump",
}

_FOLLOWED = [
    name
    for name, text in PAGES.items()
    if {language for language, _ in guides.blocks(text)} & {"console", "pycon"}
]


@pytest.mark.parametrize("name", _FOLLOWED)
def test_a_page_can_be_typed_in(
    console: Console,
    samples_warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Each block runs in the page's order, and prints what stands below its commands."""
    reader = Reader(console, monkeypatch, tmp_path, samples_warehouse)
    reader.follow(PAGES[name], UNTRIED)


def test_a_block_that_no_test_runs_is_listed_with_the_reason() -> None:
    """The list has exactly the blocks in other languages; each command left out is on a page."""
    found = {
        (name, language) for name, text in PAGES.items() for language, _ in guides.blocks(text)
    }
    others = {one for one in found if one[1] not in {*_SHOWN, "console", "pycon"}}
    assert others == set(UNTRIED_BLOCKS)
    commands = [
        step.command
        for text in PAGES.values()
        for language, block in guides.blocks(text)
        if language == "console"
        for step in guides.steps(block)
    ]
    for start in UNTRIED:
        assert any(command.startswith(start) for command in commands), f"{start} is on no page"


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("tutorials/")])
def test_a_tutorial_leaves_nothing_out_and_shows_output(name: str) -> None:
    """The test above types in each command of a tutorial, and at least one shows its output."""
    console = [text for language, text in guides.blocks(PAGES[name]) if language == "console"]
    typed = [step for text in console for step in guides.steps(text)]
    assert typed
    assert not [one for one in typed if any(one.command.startswith(start) for start in UNTRIED)]
    assert [one for one in typed if one.printed]


def test_a_wrong_output_of_a_page_is_noticed() -> None:
    """`…` stands for text in its line or for lines, and for nothing else."""
    assert guides.expected("a … c\n").fullmatch("a b c\n")
    assert not guides.expected("a … c\n").fullmatch("a b\nc\n")
    assert guides.expected("a\n…\nc\n").fullmatch("a\nb\nb\nc\n")
    assert not guides.expected("a\n").fullmatch("a\nb\n")
