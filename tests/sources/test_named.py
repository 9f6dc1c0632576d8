"""Sources by patterns, by lists and by standard input."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from pipeline.errors import SourceError, UsageError
from pipeline.sources.files import discover, prefixes, shown
from tests.building import rows
from tests.console import Console
from tests.paths import SAMPLES
from tests.site import REAL, Site
from tests.sources.packed import packed_tar, packed_zip

_TREE = ("a.json", "b.jsonl", ".hidden.json", "x/a.json", "x/y/a.json", "x/y/b.txt", ".git/a.json")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory of the test, which holds files."""
    for name in _TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _found(tree: Path, *sources: str, warehouse: Path | None = None) -> list[str]:
    found = discover(sources, warehouse)
    return sorted(os.path.relpath(os.fsdecode(file.opened), tree) for file in found)


# -- patterns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.json", ["a.json"]),
        ("./*.json*", ["a.json", "b.jsonl"]),
        ("{}/[ab].json?", ["b.jsonl"]),
        (".*.json", [".hidden.json"]),
        ("*/a.json", ["x/a.json"]),
        ("**/a.json", ["a.json", "x/a.json", "x/y/a.json"]),
        ("**/y/**/*.txt", ["x/y/b.txt"]),
        ("x/*", ["x/a.json", "x/y/a.json", "x/y/b.txt"]),
        ("x/**", ["x/a.json", "x/y/a.json", "x/y/b.txt"]),
        ("**/**/b*", ["b.jsonl", "x/y/b.txt"]),
        (".g*/", [".git/a.json"]),
    ],
)
def test_a_pattern_stands_for_what_a_shell_finds(
    tree: Path, pattern: str, found: list[str]
) -> None:
    """A quoted pattern names what the shell would, each once, and all below its directories."""
    assert _found(tree, pattern.format(tree)) == found


def test_what_exists_is_no_pattern(tree: Path) -> None:
    """A file whose name could be a pattern is that file."""
    (tree / "[ab].json").write_bytes(b"{}")
    assert _found(tree, "[ab].json") == ["[ab].json"]


@pytest.mark.parametrize("pattern", ["*.xml", "nowhere/*", "x/../*/../*.json", "a.json/*"])
def test_a_pattern_without_a_match_is_an_error(tree: Path, pattern: str) -> None:
    """A pattern that matches nothing stops the run, as a missing source does."""
    assert tree.is_dir()
    with pytest.raises(SourceError, match=r"cannot read the source .*: nothing matches it"):
        discover([pattern])


def test_a_pattern_follows_no_link_that_it_finds(tree: Path) -> None:
    """Links below the base of a pattern are skipped, and nothing beyond them matches."""
    (tree / "base").mkdir()
    (tree / "base" / "out").symlink_to(tree / "x")
    (tree / "base" / "a.json").symlink_to(tree / "a.json")
    assert [file.status for file in discover(["base/*"])] == ["skipped"] * 2
    with pytest.raises(SourceError, match="nothing matches it"):
        discover(["base/*/a.json"])


def test_a_pattern_finds_no_warehouse(tree: Path) -> None:
    """A pattern matches no file of the warehouse, and one in its staging is refused."""
    (tree / "w").mkdir()
    (tree / "w" / "a.json").write_bytes(b"{}")
    assert _found(tree, "*/a.json", warehouse=tree / "w") == ["x/a.json"]
    assert _found(tree, "[wx]", warehouse=tree / "w") == ["x/a.json", "x/y/a.json", "x/y/b.txt"]
    with pytest.raises(UsageError, match="where builds write"):
        discover([f"{tree}/w/staging/*"], tree / "w")


def test_a_directory_that_a_pattern_cannot_list_keeps_its_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that a pattern cannot read has a row; its earlier documents stay as stale."""
    site = Site(tmp_path)
    site.put_all({f"{number}/{name}": raw for number, (name, raw) in enumerate(REAL.items())})
    pattern = Path(f"{site.mirror}/*/*")
    site.build(pattern)
    scandir = os.scandir

    def refuse(path: object) -> object:
        if isinstance(path, bytes) and path.endswith(b"/1"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    site.build(pattern, max_shrink=None)
    query = "select count(*) filter (stale), count(*) from documents where path like '%/_/%'"
    assert rows(site.warehouse, query) == [(1, 5)]


# -- lists ------------------------------------------------------------------------------------


def test_a_list_names_sources_one_a_line(tree: Path) -> None:
    """Lines are paths, directories or patterns; no first letter has a meaning there."""
    for name in ("@odd.json", "-", "é.json"):
        (tree / name).write_bytes(b"{}")
    lines = ["x/y", "", "a.json\r", "@odd.json", "-", "é.json", f"{tree}/*.jsonl"]
    (tree / "list.txt").write_text("\n".join(lines))
    expected = ["-", "@odd.json", "a.json", "b.jsonl", "x/y/a.json", "x/y/b.txt", "é.json"]
    assert _found(tree, "@list.txt") == expected
    assert prefixes(["@list.txt"]) == sorted(
        shown(f"{tree}/{name}") for name in ["x/y/", "", "a.json", "@odd.json", "-", "é.json"]
    )


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", SourceError, "the list of sources list.txt is empty: write one path a line"),
        (b"a.json\nnowhere\n", SourceError, "nowhere: No such file or directory"),
        (b"a.json\nb\0c\n", UsageError, "line 2 of list.txt is no path"),
    ],
)
def test_a_list_that_names_what_is_not_there_is_an_error(
    tree: Path, content: bytes, error: type[Exception], message: str
) -> None:
    """Each line of a list is a source; a wrong line stops the run, and the message names it."""
    (tree / "list.txt").write_bytes(content)
    with pytest.raises(error, match=message):
        discover(["@list.txt"])


def test_a_list_that_is_not_there_is_an_error(tree: Path) -> None:
    """The message names the list."""
    assert tree.is_dir()
    with pytest.raises(SourceError, match=r"the list of sources no\.txt: No such file"):
        prefixes(["@no.txt"])


# -- standard input ---------------------------------------------------------------------------


_LINES = b"".join(raw.replace(b"\n", b" ") + b"\n" for raw in REAL.values())


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        (_LINES, {"-"}),
        (packed_tar(REAL), {f"-!{name}" for name in REAL}),
        (packed_zip(REAL), {f"-!{name}" for name in REAL}),
    ],
)
def test_standard_input_is_a_file_like_any_other(
    tmp_path: Path, console: Console, given: bytes, paths: set[str]
) -> None:
    """Documents, lines and archives are read from it, each time anew, and not kept."""
    for expected in (0, 0):
        done = console("build", "-", "-w", tmp_path, "--progress", "none", stdin=given)
        assert done.code == expected, done.errors
    found = rows(tmp_path, "select path from documents where status = 'ok'")
    assert (len(found), {path for (path,) in found}) == (len(REAL), paths)
    assert not (tmp_path / "staging" / "stdin").exists()
    refused = console("cat", "--", min(paths))
    assert (refused.code, "is not kept" in refused.errors) == (1, True)


def test_what_came_by_standard_input_goes_when_something_else_comes(
    tmp_path: Path, console: Console
) -> None:
    """Another input replaces it, under the guard against shrinking; none at all stops the build."""
    first, *_ = REAL.values()
    build = ("build", "-", "-w", tmp_path, "--progress", "none")
    assert console(*build, stdin=_LINES).code == 0
    assert "vanished" in console(*build, stdin=first).errors
    assert "standard input is empty" in console(*build, "--allow-shrink", stdin=b"").errors
    assert rows(tmp_path, "select count(*) from documents") == [(5,)]
    assert console(*build, "--allow-shrink", stdin=first).code == 0
    assert rows(tmp_path, "select count(*) from documents") == [(1,)]


def test_documents_are_verified_from_standard_input(console: Console) -> None:
    """`verify -` judges what is piped into it, beside files."""
    done = console("verify", "-", SAMPLES, stdin=_LINES)
    assert (done.code, done.output.count("-:")) == (0, 5)


def test_a_terminal_is_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading standard input from a terminal is refused at once."""
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)
    with pytest.raises(UsageError, match="standard input is a terminal"):
        discover(["-"], tmp_path, tmp_path / "stdin")
