"""Packed files that break, are padded or hold nothing, and chains of links made by strangers."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipeline import scope
from pipeline.build import Order, build
from pipeline.inputs import RawDocument, discover, read_documents
from pipeline.keyring import load
from pipeline.limits import DEFAULT
from pipeline.resources import default_keyring
from pipeline.runs import Summary
from pipeline.summary import as_text
from tests.paths import SAMPLES

_LINES = b"".join(b'{"line": %d, "text": "%s"}\n' % (n, b"%d" % n * 40) for n in range(3000))


def _zstd(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": _zstd,
}


def _read(directory: Path, name: str, data: bytes) -> list[RawDocument]:
    (directory / name).write_bytes(data)
    found = discover([str(directory / name)], directory / "warehouse")
    return [document for file in found for document in read_documents(file, DEFAULT)]


@pytest.mark.parametrize("suffix", sorted(_PACK))
def test_lines_before_a_break_are_documents(tmp_path: Path, suffix: str) -> None:
    """The lines that a cut packed file gives are documents; one row tells of the rest."""
    packed = _PACK[suffix](_LINES)
    *lines, last = _read(tmp_path, f"cut.ndjson.{suffix}", packed[: -len(packed) // 4])
    assert all(document.raw for document in lines)
    assert [document.position for document in lines] == list(range(1, len(lines) + 1))
    assert last.status == "unreadable"
    assert last.position == len(lines) + 1
    assert "at byte " in str(last.reason)
    if suffix == "gz":
        assert len(lines) > 1000


@pytest.mark.parametrize("suffix", sorted(_PACK))
def test_whole_archives_are_read_to_their_end(tmp_path: Path, suffix: str) -> None:
    """A packed file of lines gives each line as it was."""
    documents = _read(tmp_path, f"whole.ndjson.{suffix}", _PACK[suffix](_LINES))
    assert b"".join(document.raw + b"\n" for document in documents if document.raw) == _LINES


def test_a_damaged_checksum_keeps_all_lines(tmp_path: Path) -> None:
    """A gzip file whose checksum is wrong gives its lines, and one unreadable row."""
    packed = bytearray(gzip.compress(_LINES))
    packed[-8] ^= 1
    *lines, last = _read(tmp_path, "sum.ndjson.gz", bytes(packed))
    assert len(lines) == 3000
    assert last.status == "unreadable"


def test_zeros_behind_the_last_member_are_nothing(tmp_path: Path) -> None:
    """A gzip file that a tape filled up with zeros is read as gzip reads it."""
    documents = _read(tmp_path, "tape.ndjson.gz", gzip.compress(_LINES) + bytes(10_000))
    assert len(documents) == 3000
    assert all(document.raw for document in documents)


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_a_file_of_no_lines_holds_no_document(tmp_path: Path, data: bytes) -> None:
    """An empty or blank file of lines is no error; an empty file of one document is."""
    assert _read(tmp_path, "hour.ndjson", data) == []
    assert len(_read(tmp_path, "empty.json", b"")) == 1


@pytest.mark.parametrize(("links", "ends"), [(3, True), (500, False)])
def test_long_chains_of_links_end_in_a_full_build(links: int, *, ends: bool) -> None:
    """What is linked in a few steps is followed; a chain of hundreds is given up."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table part_documents as
            select range as doc, 'paper ' || range as pith_number from range(10000);
            create table part_events as
            select
                range as doc, 'event ' || range as event_id, null::varchar as subject_pith_number,
                'event ' || (range + 1) as prev_event, '[]' as supersedes
            from range({links});
            create table part_states (doc bigint, pith_number varchar, applied_event_ids varchar[]);
            create table part_signatures (doc bigint, signature_b64 varchar);
            create table live as select doc from part_documents;
            create table touched as select 0::bigint as doc;
            """  # noqa: S608 - a number of our own
        )
        assert scope.spread(connection) is ends
        if ends:
            assert connection.execute("from touched order by doc").fetchall() == [(0,), (1,), (2,)]


def test_a_summary_needs_no_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the working directory was removed, a build says what it did all the same."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "try: pith-etl sql" in as_text(Summary("20260101T000000.000000Z", "warehouse", 1))


def test_a_packed_file_of_no_bytes_is_unreadable(tmp_path: Path) -> None:
    """An archive that is cut to nothing is no hour without documents."""
    (row,) = _read(tmp_path, "hour.ndjson.gz", b"")
    assert row.status == "unreadable"


def test_a_file_of_lines_that_is_emptied_keeps_its_documents(tmp_path: Path) -> None:
    """Where a file held documents before, nothing in it is damage: its rows stay, stale."""
    source, warehouse = tmp_path / "source", tmp_path / "warehouse"
    source.mkdir()
    samples = [json.dumps(json.loads(file.read_bytes())) for file in sorted(SAMPLES.iterdir())]
    lines = source / "lines.ndjson"
    lines.write_text("\n".join(samples))
    order = Order([str(source)], warehouse, load(default_keyring()), 1)
    before = build(order, lambda *_: None).rows["papers"]
    for _ in range(2):
        lines.write_text("")
        after = build(order, lambda *_: None)
        assert after.rows["papers"] == before > 0
        documents = duckdb.read_parquet(str(warehouse / "current/documents/*.parquet"))
        stale = documents.aggregate("status, stale, count(*)").fetchall()
        assert stale == [("unreadable", True, len(samples))]
