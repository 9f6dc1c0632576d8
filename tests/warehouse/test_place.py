"""Where a warehouse may be: a directory of any name that DuckDB takes as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.console import Console
from tests.paths import SAMPLES


@pytest.mark.parametrize(
    "name", ["w[1]", "w*", "w{a,b}", "it's", 'a "w"', "two words", "é", "a\nb"]
)
def test_any_name_will_do(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A warehouse whose name is a pattern or holds quotes is built, and read by every reader."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w1").mkdir()  # what the pattern names is another directory
    place = ("--warehouse", name)
    assert console("build", SAMPLES, *place, "--workers", 1, "--progress", "none").code == 0
    count = ("sql", "select count(*) as n from papers", "--format", "csv")
    assert console(*count, *place).output == "n\n5\n"
    for command in (
        ("show", "1512.01274"),
        ("search", "neural"),
        ("tables",),
        ("check", "--files"),
        ("diff", "current"),
        ("export", "--output", "out"),
        ("report", "--output", "-"),
        ("build", SAMPLES, "--rescan", "--workers", 1),
    ):
        assert (command, console(*command, *place).code) == (command, 0)


@pytest.mark.parametrize(
    "case",
    [
        ("w?x", "a path with a '?'"),
        ("w\\b", "a path with a '\\'"),
        (os.fsdecode(b"w\xff"), "a path that is not UTF-8"),
        ("w?/below", "a path with a '?'"),
        ("~w", "a relative path that begins with '~' or 'x:'; name it by its absolute path"),
        ("file:w", "a relative path that begins with '~' or 'x:'"),
    ],
)
def test_a_name_that_duckdb_misreads(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str]
) -> None:
    """A place that DuckDB would take for another is refused at once, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    name, reason = case
    for command in (
        ("build", SAMPLES),
        ("sql", "select 1"),
        ("check",),
        ("export", "--output", "out"),
        ("rollback",),
    ):
        found = console(*command, "--warehouse", name)
        assert (found.code, found.output) == (2, "")
        assert f"cannot be a warehouse: DuckDB misreads {reason}" in found.errors
    assert list(tmp_path.iterdir()) == []


def test_a_quoted_home_directory(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no shell expands `~`, a build refuses it, and a query reads the home directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = console("build", SAMPLES, "--warehouse", "~/w")
    assert (found.code, "begins with '~'" in found.errors) == (2, True)
    found = console("sql", "select 1", "--warehouse", "~/w")
    assert (found.code, f"published in {tmp_path}/home/w" in found.errors) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_duckdb_misreads(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A good name below a bad directory is refused, even behind a link."""
    (tmp_path / "a?b").mkdir()
    (tmp_path / "link").symlink_to("a?b")
    monkeypatch.chdir(tmp_path / "a?b")
    for place in ("w", tmp_path / "link" / "w"):
        found = console("build", SAMPLES, "--warehouse", place)
        assert (found.code, found.output) == (2, "")
        assert "a path with a '?'" in found.errors
    assert list((tmp_path / "a?b").iterdir()) == []


@pytest.mark.parametrize("command", [("build", SAMPLES), ("prune", "--keep", 1), ("history",)])
def test_an_empty_name_is_not_the_working_directory(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    """An empty path, as an unset shell variable gives, is wrong usage, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    finished = console(*command, "--warehouse", "")
    assert finished.code == 2
    assert "a path is empty" in finished.errors
    assert list(tmp_path.iterdir()) == []
