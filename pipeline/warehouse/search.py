"""Full text over titles and abstracts, ranked by BM25, with nothing fetched.

DuckDB's own extension for it does not come with DuckDB and would be fetched. SQLite's FTS5 is
in Python's standard library. The index of a snapshot is made by the first search in it and
kept beside the snapshots, in `search/SNAPSHOT.sqlite`; it can be deleted at any time. A broken
index is made anew.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sqlite3
import tempfile
from pathlib import Path
from typing import TypedDict

from pipeline.errors import WarehouseError
from pipeline.resources import sql, vouched
from pipeline.warehouse import snapshot
from pipeline.warehouse.reader import Warehouse

#: How many of the words of a query count, and how much the title counts over the abstract.
WORDS = 64
_TITLE_WEIGHT = 2.0

#: The results as a query over the tables; it binds the values that `find` returns.
RESULTS = sql("show", "search")

#: Letters and digits. All other characters separate words, so queries have no syntax.
_WORD = re.compile(r"[^\W_]+")


class Hits(TypedDict):
    """The best matches: their Pith numbers, their scores, and how many papers match in all.

    A higher score is a better match.
    """

    numbers: list[str]
    scores: list[float]
    found: int


def find(warehouse: Warehouse, text: str, limit: int) -> Hits:
    """Return the papers that hold all the words of a text, the best first.

    Papers proven by a receipt come first: anybody can make a paper without one.

    Words are compared without case and accents and by their stem, so that *networks* finds
    *network*. Only the first `WORDS` different words count. Any text is allowed; one without a
    word finds nothing.

    Args:
        warehouse: where the papers are.
        text: the words.
        limit: how many papers at most.

    Returns:
        The values that `RESULTS` binds.

    Raises:
        WarehouseError: the index cannot be written, or a table is damaged.
    """
    words = list(dict.fromkeys(_WORD.findall(text)))[:WORDS]
    rows: list[tuple[str, float, int]] = []
    if words:
        query = " ".join(f'"{word}"' for word in words)
        try:
            rows = _ranked(warehouse, query, limit)
        except (OSError, sqlite3.Error) as error:
            snapshot.raise_if_damaged(warehouse.snapshot, error)
            message = f"the search index of {warehouse.snapshot.name} does not work: {error}"
            raise WarehouseError(message) from None
    return {
        "numbers": [row[0] for row in rows],
        "scores": [row[1] for row in rows],
        "found": rows[0][2] if rows else 0,
    }


def _ranked(warehouse: Warehouse, query: str, limit: int) -> list[tuple[str, float, int]]:
    """Search the index of a snapshot; make it if needed, as a temporary file if it has no place."""
    folder = warehouse.path / "search"
    kept = folder / f"{warehouse.snapshot.name}.sqlite"
    if kept.exists():
        # a power cut or a person may have broken the file: make another index
        with contextlib.suppress(sqlite3.Error):
            return _asked(kept, query, limit)
    if _can_write(folder):
        _make(warehouse, kept)
        return _asked(kept, query, limit)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "index.sqlite")
        _make(warehouse, path)
        return _asked(path, query, limit)


def _asked(index: Path, query: str, limit: int) -> list[tuple[str, float, int]]:
    uri = f"{index.resolve().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(
            "select number.pith_number, -bm25(texts, ?1, 1.0) as score, "
            "(select count(*) from texts where texts match ?2) "
            "from texts inner join numbers as number on number.id = texts.rowid "
            "where texts match ?2 "
            "order by number.proven desc, score desc, number.pith_number limit ?3",
            (_TITLE_WEIGHT, query, limit),
        ).fetchall()


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _make(warehouse: Warehouse, path: Path) -> None:
    """Write an index aside and put it in place; drop those of other snapshots."""
    _sweep(path.parent)
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with contextlib.closing(sqlite3.connect(aside)) as connection:
            _fill(warehouse, connection)
        # otherwise a power cut could leave an empty file under the name
        snapshot.sync(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    for other in path.parent.glob("*.sqlite"):
        if other != path:
            other.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove the leftovers of killed searches, also one under our own process number."""
    for aside in folder.glob(".*.sqlite-*"):
        number = aside.name.rpartition("-")[2]
        if number == str(os.getpid()) or not Path("/proc", number).exists():
            aside.unlink(missing_ok=True)


def _fill(warehouse: Warehouse, connection: sqlite3.Connection) -> None:
    # a half-written file is never put in place, so no journal is needed
    connection.execute("pragma journal_mode = off")
    connection.execute("pragma synchronous = off")
    connection.execute(
        "create table numbers (id integer primary key, proven integer, pith_number text)"
    )
    # the texts themselves are in `papers`
    connection.execute(
        "create virtual table texts using fts5("
        "title, abstract, content='', tokenize='porter unicode61 remove_diacritics 2')"
    )
    reader = warehouse.sql(
        f"select ({vouched('proof')})::int, pith_number, "  # noqa: S608 - SQL of ours
        "coalesce(title, ''), coalesce(abstract_excerpt, '') from papers"
    ).to_arrow_reader()
    numbers = itertools.count(1)
    for batch in reader:
        rows = [
            (next(numbers), *row)
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]
        connection.executemany("insert into numbers values (?1, ?2, ?3)", [row[:3] for row in rows])
        connection.executemany(
            "insert into texts (rowid, title, abstract) values (?1, ?2, ?3)",
            [(number, title, abstract) for number, _, _, title, abstract in rows],
        )
    connection.commit()
