"""`pith-etl inputs` accounts for all that was read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest

from pipeline.cli.inputs import CONTAINERS, OTHERS
from pipeline.vocabulary import Status
from tests.building import build_warehouse, rows
from tests.console import Console
from tests.paths import SAMPLES
from tests.sources.packed import packed_tar

_RAW = [file.read_bytes().strip() for file in sorted(SAMPLES.iterdir())]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two sources, part of one given twice, and their warehouse."""
    folder = tmp_path_factory.mktemp("inputs")
    tree, lines = folder / "tree", folder / "lines"
    for place in (tree / "below", lines):
        place.mkdir(parents=True)
    for number, raw in enumerate(_RAW):
        (tree / "below" / f"{number}.json").write_bytes(raw)
    (tree / "broken").write_bytes(b'{"pith_number": 1}')
    (tree / "numbers").write_bytes(b"[1, 2]")
    (tree / "empty.jsonl").write_bytes(b"\n")
    (tree / "link").symlink_to("/etc/passwd")
    members = {"a.json": _RAW[0], "b.jsonl": b"\n".join([*_RAW, b"{"]), "c": b"", "d.jsonl": b""}
    (tree / "x.tar").write_bytes(packed_tar(members))
    (tree / "cut.tar").write_bytes(packed_tar(members)[:-9000])
    for number in range(CONTAINERS + 3):
        (lines / f"{number:02}.json").write_bytes(b'{"items": [' + b",".join(_RAW) + b"]}")
    build_warehouse(folder / "warehouse", tree, lines, tree / "below")
    return folder


def test_every_file_and_every_row_is_in_one_line(mixed: Path) -> None:
    """The view counts each row of `documents` and each file once, in one of its statuses."""
    warehouse = mixed / "warehouse"
    parts = "documents + refused + unreadable + unsupported + not_pith + skipped"
    found = rows(warehouse, f"select distinct source, rows = {parts} from inputs order by source")  # noqa: S608 - ours
    assert found == [(f"{mixed}/lines/", True), (f"{mixed}/tree/", True)]
    (listed,) = rows(warehouse, "select count(*) from documents")
    assert rows(warehouse, "select sum(rows)::bigint from inputs") == [listed]
    files = sum(len(names) for place in ("tree", "lines") for *_, names in os.walk(mixed / place))
    assert rows(warehouse, "select sum(files)::bigint from inputs") == [(files,)]


def test_the_last_line_of_a_build_is_that_of_the_command(mixed: Path, console: Console) -> None:
    """Both give the same sum, and its parts add up to its total."""
    sources = mixed / "tree", mixed / "lines", mixed / "tree" / "below"
    warehouse = mixed / "warehouse"
    last = console("build", *sources, "-w", warehouse, "--fail-on", "never").output.splitlines()[-1]
    told = console("inputs", "-w", warehouse).output
    assert told.splitlines()[-1] == last
    _, numbers = last.split(": ")
    total, parts = numbers.split(" = ")
    counts = [int(part.split()[0]) for part in parts.split(" + ")]
    assert int(total.split()[0]) == sum(counts)


def test_the_answer_fits_one_screen_and_says_why(mixed: Path, console: Console) -> None:
    """Containers with most rows have a line each, the others one line, each reason a number."""
    finished = console("inputs", "--warehouse", mixed / "warehouse")
    assert (finished.code, finished.errors) == (0, "")
    lines = finished.output.splitlines()
    assert len(lines) <= 40
    assert any(" x.tar " in line for line in lines)
    # two archives come before most of the files of items
    assert any(" 5 more " in line for line in lines)
    assert "  1 skipped: a link, which is not followed" in lines
    assert "  2 skipped: a file of lines without a line" in lines


def test_a_source_may_be_a_container(tmp_path: Path, console: Console) -> None:
    """An archive that was given itself is a line of its own."""
    archive = tmp_path / "x.tar"
    archive.write_bytes(packed_tar({"a": _RAW[0], "b": _RAW[1]}))
    build_warehouse(tmp_path / "warehouse", archive)
    assert rows(tmp_path / "warehouse", "select source, container, rows from inputs") == [
        (str(archive), str(archive), 2)
    ]
    assert " (itself) " in console("inputs", "-w", tmp_path / "warehouse").output


def test_every_status_has_its_column(mixed: Path) -> None:
    """A status without a column would be missing from the sum."""
    assert {"ok", *OTHERS} == set(get_args(Status))
    columns = rows(mixed / "warehouse", "select column_name from (describe inputs)")
    assert {(name,) for name in OTHERS} <= set(columns)
