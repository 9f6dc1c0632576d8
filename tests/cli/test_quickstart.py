"""`pith-etl quickstart` gives the first tables with nothing at hand."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.console import Console
from tests.site import REAL


def test_quickstart_tells_a_query_that_answers(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes the five documents and builds them; the query that it tells runs."""
    monkeypatch.chdir(tmp_path)
    found = console("quickstart")
    assert found.code == 0
    written = {path.name: path.read_bytes() for path in Path("pith-quickstart/samples").iterdir()}
    assert written == REAL
    (line,) = [line for line in found.output.splitlines() if line.startswith("try: ")]
    program, *query = shlex.split(line.removeprefix("try: "))
    assert program == "pith-etl"
    assert len(json.loads(console(*query, "--format", "json").output)) == 5


def test_quickstart_again_changes_nothing(console: Console, tmp_path: Path) -> None:
    """A second quickstart finds the documents and tables of the first and publishes nothing."""
    assert console("quickstart", tmp_path / "new").code == 0
    again = console("quickstart", tmp_path / "new")
    assert again.code == 0
    assert "nothing changed since" in again.output


def test_quickstart_never_overwrites(console: Console, tmp_path: Path) -> None:
    """A file that has the name of a sample and holds something else is named, and stays."""
    (tmp_path / "samples").mkdir()
    mine = tmp_path / "samples" / min(REAL)
    mine.write_text("mine")
    found = console("quickstart", tmp_path)
    assert (found.code, mine.read_text()) == (2, "mine")
    assert f"{mine} is not the sample of that name" in found.errors


def test_quickstart_says_where_it_cannot_write(console: Console, tmp_path: Path) -> None:
    """A file in the place of the directory is wrong usage that names it."""
    (tmp_path / "file").touch()
    found = console("quickstart", tmp_path / "file")
    assert found.code == 2
    assert f"cannot write the samples into {tmp_path}/file" in found.errors
