"""`pith-etl search` ranks papers by the words of their titles and abstracts."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import Warehouse
from pipeline.errors import WarehouseError
from pipeline.warehouse import search, snapshot
from pipeline.warehouse.search import find
from tests.building import build_warehouse
from tests.console import Console
from tests.paths import SAMPLES
from tests.synthetic import build_synthetic

MXNET = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"
CNNLAB = "pith:2016:HWGLK6KNSVSRBWX5U4SL7C5FFQ"
MULTI_GPUS = "pith:2015:H3O2LG26QKOU52MMC67LGVPEGW"

#: The syntax of FTS5, and what breaks it.
HOSTILE = [
    "",
    " ",
    '"',
    '""',
    "'",
    "*",
    "a*",
    "gpu AND",
    "NOT gpu",
    "NEAR(gpu, 2)",
    "title:gpu",
    "{title}: gpu",
    "^gpu",
    "gpu + -",
    "(gpu",
    "gpu\x00training",
    "\udcff gpu",
    "\ud800",
    "²",
    "\u0301",
    "x" * 1_000_000,
    "w " * 100_000,
    " ".join(f"w{number}" for number in range(10_000)),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse of the real documents for this module, as searching adds an index."""
    target = tmp_path_factory.mktemp("search") / "warehouse"
    build_warehouse(target, SAMPLES)
    return target


@pytest.fixture(scope="module")
def opened(warehouse: Path) -> Iterator[Warehouse]:
    """Return the same, open."""
    with Warehouse(warehouse) as found:
        yield found


def _numbers(opened: Warehouse, text: str) -> list[str | float]:
    return list(find(opened, text, 20)["numbers"])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("mxnet", {MXNET}),
        ("MXNET", {MXNET}),
        ("multi-gpus training", {MULTI_GPUS}),
        ("cnnlab fpga", {CNNLAB}),
        ("network fpga", {CNNLAB}),
        ("networks fpga", {CNNLAB}),
        ("mxnet cnnlab", set()),
        ("nowhere", set()),
    ],
)
def test_all_words_must_be_there(opened: Warehouse, text: str, numbers: set[str]) -> None:
    """A paper is found if its title and abstract hold every word, in any case and form."""
    assert set(_numbers(opened, text)) == numbers


def test_the_best_match_comes_first(tmp_path: Path) -> None:
    """Proven papers come first, then the others, each by falling score; a title finds its paper."""
    with Warehouse(build_synthetic(tmp_path)) as opened:
        papers = opened.sql(
            "select pith_number, title from papers order by pith_number limit 20"
        ).fetchall()
        proven = "select pith_number from papers where proof in ('signed', 'receipt')"
        vouched = {row[0] for row in opened.sql(proven).fetchall()}
        for number, title in papers:
            found = find(opened, title, 1000)
            assert number in found["numbers"]
            ranks = [
                (hit not in vouched, -score)
                for hit, score in zip(found["numbers"], found["scores"], strict=True)
            ]
            assert ranks == sorted(ranks)
        word = papers[0][1].split()[0]
        many = find(opened, word, 1000)["numbers"]
        expected = opened.connection.execute(
            "select count(*) from papers where regexp_matches("
            "lower(title || ' ' || coalesce(abstract_excerpt, '')), $word)",
            {"word": rf"\b{word.lower()}\b"},
        ).fetchall()
        assert len(many) >= expected[0][0] > 0


def test_a_title_counts_more_than_an_abstract(opened: Warehouse) -> None:
    """A paper with the word in its title comes before one with the word elsewhere."""
    numbers = _numbers(opened, "gpus")
    titled = opened.sql("select pith_number from papers where title ilike '%gpu%'").fetchall()
    assert len(numbers) > len(titled) > 0
    assert set(numbers[: len(titled)]) == {row[0] for row in titled}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_has_a_syntax(opened: Warehouse, text: str) -> None:
    """A query is only its words: all characters between them are ignored."""
    words = " ".join(re.findall(r"[^\W_]+", text))
    assert _numbers(opened, text) == _numbers(opened, words)


def test_marks_only_part_words(opened: Warehouse) -> None:
    """Marks around a word change nothing."""
    assert _numbers(opened, '"gpu*') == _numbers(opened, "(gpu:^") == _numbers(opened, "gpu") != []


@settings(max_examples=100)
@given(text=st.text())
def test_any_text_can_be_searched_for(opened: Warehouse, text: str) -> None:
    """Any text finds papers or none, without an error."""
    assert len(find(opened, text, 3)["numbers"]) <= 3


def test_the_limit_holds(opened: Warehouse) -> None:
    """No more papers come than were asked for, and those are the best."""
    assert _numbers(opened, "gpu")[:2] == find(opened, "gpu", 2)["numbers"]


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl"])
def test_the_command_prints_number_title_and_rank(
    warehouse: Path, console: Console, form: str
) -> None:
    """`pith-etl search` prints the results in any format, the best first."""
    finished = console(
        "search", "neural", "networks", "fpga", "--format", form, "--warehouse", warehouse
    )
    assert (finished.code, finished.errors) == (0, "")
    assert CNNLAB in finished.output
    if form == "json":
        (result,) = json.loads(finished.output)
        assert (result["rank"], result["pith_number"]) == (1, CNNLAB)
        assert result["title"].startswith("CNNLab")


def test_the_index_is_made_once_and_only_for_the_snapshot(tmp_path: Path) -> None:
    """A later search uses the index; the first one after a build replaces it."""
    source, target = tmp_path / "in", tmp_path / "warehouse"
    source.mkdir()
    paths = sorted(SAMPLES.iterdir())
    for path in paths[:2]:
        shutil.copy(path, source)
    build_warehouse(target, source)
    with Warehouse(target) as opened:
        find(opened, "gpu", 1)
        (first,) = (target / "search").iterdir()
        before = first.stat()
        find(opened, "learning", 1)
        assert first.stat() == before
    for path in paths[2:]:
        shutil.copy(path, source)
    build_warehouse(target, source)
    with Warehouse(target) as opened:
        assert set(_numbers(opened, "cnnlab")) == {CNNLAB}
    (second,) = (target / "search").iterdir()
    assert second.name != first.name


def test_a_warehouse_that_cannot_be_written_can_be_searched(tmp_path: Path) -> None:
    """If no index can be kept, a temporary one is used."""
    target = tmp_path / "warehouse"
    build_warehouse(target, SAMPLES)
    (target / "search").write_text("not a directory", encoding="utf-8")
    with Warehouse(target) as opened:
        assert set(_numbers(opened, "mxnet")) == {MXNET}
    assert (target / "search").read_text(encoding="utf-8") == "not a directory"


@pytest.mark.parametrize("content", [b"", b"no index", b"SQLite format 3\x00 and no more"])
def test_an_index_that_cannot_be_used_is_made_anew(tmp_path: Path, content: bytes) -> None:
    """A file that is no index, as a power cut leaves one, is replaced by one and not reported."""
    target = tmp_path / "warehouse"
    build_warehouse(target, SAMPLES)
    with Warehouse(target) as opened:
        find(opened, "gpu", 1)
        (index,) = (target / "search").iterdir()
        index.write_bytes(content)
        assert _numbers(opened, "mxnet") == [MXNET]
        made = index.stat()
        assert _numbers(opened, "mxnet") == [MXNET]
        assert index.stat() == made
        assert list((target / "search").iterdir()) == [index]


def test_an_index_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is synced under another name, so that after a power cut the file of an index is whole."""
    target = tmp_path / "warehouse"
    build_warehouse(target, SAMPLES)
    synced: list[str] = []
    monkeypatch.setattr(
        snapshot,
        "sync",
        lambda path: synced.extend(file.name for file in path.parent.iterdir()),
    )
    with Warehouse(target) as opened:
        find(opened, "gpu", 1)
        assert len(synced) == 1
        assert synced[0].startswith(f".{opened.snapshot.name}.sqlite")


def test_an_index_that_cannot_be_made_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there is no room for an index, an error names the snapshot, and no file is left."""

    def fail(*_: object) -> None:
        message = "database or disk is full"
        raise sqlite3.OperationalError(message)

    target = tmp_path / "warehouse"
    build_warehouse(target, SAMPLES)
    monkeypatch.setattr(search, "_fill", fail)
    with Warehouse(target) as opened, pytest.raises(WarehouseError, match=opened.snapshot.name):
        find(opened, "gpu", 1)
    assert list((target / "search").iterdir()) == []


def test_what_a_killed_search_left_is_removed(warehouse: Path) -> None:
    """Making an index removes the leftovers of dead processes, and only theirs."""
    folder = warehouse / "search"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with subprocess.Popen(["true"]) as dead:  # noqa: S607 - the one of the system
        pass
    left = [folder / f".x.sqlite-{number}" for number in (dead.pid, os.getpid(), os.getppid())]
    for path in left:
        path.touch()
    with Warehouse(warehouse) as opened:
        (folder / f".{opened.snapshot.name}.sqlite-{os.getpid()}").write_text("half of one")
        find(opened, "gpu", 1)
        assert {*folder.iterdir()} == {left[2], folder / f"{opened.snapshot.name}.sqlite"}
    left[2].unlink()


def test_the_index_holds_no_texts(opened: Warehouse, warehouse: Path) -> None:
    """The index keeps words and numbers; the texts stay in the tables."""
    find(opened, "gpu", 1)
    (index,) = (warehouse / "search").iterdir()
    with sqlite3.connect(index) as connection:
        assert (
            connection.execute("select title, abstract from texts").fetchall() == [(None, None)] * 5
        )
    connection.close()
