"""Reading files: which documents there are, and where reading stops."""

from __future__ import annotations

import bz2
import gc
import gzip
import hashlib
import json
import lzma
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.limits import DEFAULT, Limits
from pipeline.sources import unpacking
from pipeline.sources.files import discover
from pipeline.sources.reading import RawDocument, read_documents
from tests.sources.packed import packed_tar, packed_zip

RAW = b'{"a":1}'


def _read(path: Path, limits: Limits = DEFAULT) -> list[RawDocument]:
    (file,) = discover([path])
    return list(read_documents(file, limits))


def test_a_file_that_vanished_is_unreadable(tmp_path: Path) -> None:
    """A file removed after it was listed is a row with the reason, and no exception."""
    path = tmp_path / "x"
    path.write_bytes(RAW)
    (file,) = discover([path])
    path.unlink()
    (found,) = read_documents(file, DEFAULT)
    assert (found.status, found.reason) == ("unreadable", "No such file or directory")


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_a_file_that_was_replaced_is_not_read(tmp_path: Path, kind: str) -> None:
    """A file that became a link, a FIFO or a directory after it was listed is not read."""
    path = tmp_path / "x"
    path.write_bytes(RAW)
    (file,) = discover([path])
    path.unlink()
    if kind == "link":
        (tmp_path / "secret").write_bytes(b"secret")
        path.symlink_to("secret")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    (found,) = read_documents(file, DEFAULT)
    assert (found.status, found.raw) == ("unreadable", None)


def test_a_document_of_just_the_limit_is_read(tmp_path: Path) -> None:
    """The limit is the largest document that is read; one byte more is refused."""
    for name in ("x.json", "x.jsonl"):
        path = tmp_path / name
        path.write_bytes(RAW)
        (exact,) = _read(path, Limits(document_bytes=len(RAW)))
        (over,) = _read(path, Limits(document_bytes=len(RAW) - 1))
        assert (exact.status, exact.raw) == (None, RAW)
        assert (over.status, over.raw, over.size) == ("refused", None, len(RAW))


def test_a_long_line_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    """Lines before and after one over the limit, longer than a read, keep their numbers."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(RAW + b"\n" + b"x" * (3 * 2**20) + b"\n" + RAW)
    found = _read(path, Limits(document_bytes=1000))
    assert [(d.position, d.status, d.size) for d in found] == [
        (1, None, len(RAW)),
        (2, "refused", 3 * 2**20),
        (3, None, len(RAW)),
    ]


@pytest.mark.parametrize("name", ["part-00000", "part_000.gz", "x.json"])
@pytest.mark.parametrize("between", [b"\n", b"\r\n\n  "])
def test_lines_under_another_name_are_documents(tmp_path: Path, name: str, between: bytes) -> None:
    """If the first line is a whole object and another begins below, each line is a document."""
    first = b'{"a":"%s"}' % os.urandom(2**19 + 17).hex().encode()
    content = b"\n" + between.join([first, RAW, RAW])
    found = _read_of(tmp_path, name, gzip.compress(content) if name.endswith(".gz") else content)
    assert [json.loads(d.raw or b"") for d in found] == [json.loads(first), {"a": 1}, {"a": 1}]
    assert found[0].position == 2


def test_whole_lines_under_another_name_stay_whole_before_a_break(tmp_path: Path) -> None:
    """The lines of a truncated packed file are recognised by their content, too."""
    *lines, last = _read_of(tmp_path, "part_000.gz", gzip.compress(_LINES)[:-200])
    assert len(lines) > 1000
    assert last.status == "unreadable"


@pytest.mark.parametrize(
    "content",
    [
        RAW,
        RAW + b"\n",
        RAW + b"\n\n",
        RAW + RAW,
        RAW + b"\nand more",
        b'{\n"a":\n{}}',
        b'{"a":\n{"b":1}}\n{"a":1}',
        b"[1]\n{}",
        b"\n",
    ],
)
def test_other_content_is_one_document(tmp_path: Path, content: bytes) -> None:
    """Content that could be one document, or has not an object on each line, is read whole."""
    assert [d.raw for d in _read_of(tmp_path, "x.json", content)] == [content]


def test_a_line_across_reads_is_whole(tmp_path: Path) -> None:
    """A line that begins in one read of the file and ends in the next is one document."""
    path = tmp_path / "x.ndjson"
    long = b"y" * (2**20 + 17)
    path.write_bytes(RAW + b"\n" + long + b"\r\n\r\n" + RAW)
    assert [d.raw for d in _read(path)] == [RAW, long, RAW]
    assert [d.position for d in _read(path)] == [1, 2, 4]


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_file_of_crumbs_is_not_read_to_its_end(tmp_path: Path, name: str) -> None:
    """Beyond a batch, lines must be as long as documents are, or a KB could give 500,000 rows."""
    path = tmp_path / name
    content = b"1\n" * 100_000
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    *kept, last = _read(path, Limits(batch_documents=50))
    assert [d.raw for d in kept] == [b"1"] * 51
    assert (last.position, last.status, last.raw) == (52, "unreadable", None)
    assert last.reason == "more than 50 documents of fewer than 48 bytes on average"


def test_crumbs_among_documents_are_read(tmp_path: Path) -> None:
    """It is the average that counts, and blank lines count for nothing."""
    path = tmp_path / "x.jsonl"
    path.write_bytes((b"1\n\n\n" + RAW * 20 + b"\n") * 1000)
    assert len(_read(path, Limits(batch_documents=50))) == 2000


def test_lines_before_a_break_are_kept(tmp_path: Path) -> None:
    """The whole lines of a truncated archive are documents, and its end has a row of its own."""
    path = tmp_path / "x.jsonl.gz"
    line = b'{"a":"' + os.urandom(40_000).hex().encode() + b'"}'
    path.write_bytes(gzip.compress(b"\n".join([line] * 40))[:-20])
    *whole, last = _read(path)
    assert {d.raw for d in whole} <= {line}
    assert last.status == "unreadable"
    assert re.fullmatch(r"Truncated compressed stream at byte \d+", str(last.reason))
    assert [d.position for d in [*whole, last]] == list(range(1, len(whole) + 2))


def test_an_archive_within_its_ratio_is_read(tmp_path: Path) -> None:
    """An archive may unpack to as many times its size as the limit says, and no further."""
    path = tmp_path / "x.jsonl.gz"
    content = (RAW + b"\n") * 1000
    path.write_bytes(gzip.compress(content))
    packed = path.stat().st_size
    enough = Limits(document_bytes=100, ratio=len(content) // packed + 1)
    assert len(_read(path, enough)) == 1000
    *lines, last = _read(path, Limits(document_bytes=10, ratio=2))
    assert [d.raw for d in lines] == [RAW] * (packed * 2 // 8)
    assert (last.status, last.raw) == ("unreadable", None)
    told = f"the archive unpacks to more than {packed * 2} bytes; if it is right, unpack it"
    assert last.reason == told


@pytest.mark.parametrize("suffix", ["gz", "bz2", "zst", "xz"])
@pytest.mark.parametrize("name", ["x.json", "x.ndjson"])
def test_a_packed_byte_costs_no_more_in_a_small_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    """However little is packed, no more of it is unpacked than the ratio allows."""
    packed = _PACK[suffix](b"\n" * 2 * 2**20)
    unpacked = 0

    class Counted(unpacking.Resumed):
        def read(self, size: int) -> bytes:
            nonlocal unpacked
            data = super().read(size)
            unpacked += len(data)
            return data

    monkeypatch.setattr("pipeline.sources.unpacking.Resumed", Counted)
    (found,) = _read_of(tmp_path, f"{name}.{suffix}", packed)
    assert found.status == "unreadable"
    assert unpacked == len(packed) * DEFAULT.ratio + 1


def test_a_broken_archive_is_let_go_at_once(tmp_path: Path) -> None:
    """No error holds an unpacking stream: thousands would stay until garbage is collected."""
    gc.collect()
    gc.disable()
    try:
        (found,) = _read_of(tmp_path, "cut.json.zst", _PACK["zst"](b"{}" * 2**20)[:-9])
        left = [item for item in gc.get_objects() if isinstance(item, unpacking.Resumed)]
    finally:
        gc.enable()
    assert found.status == "unreadable"
    assert left == []


_LINES = b"".join(b'{"line": %d, "text": "%s"}\n' % (n, b"%d" % n * 40) for n in range(3000))


def _zstd(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": _zstd,
}


def _read_of(
    directory: Path, name: str, data: bytes, limits: Limits = DEFAULT
) -> list[RawDocument]:
    (directory / name).write_bytes(data)
    return _read(directory / name, limits)


@pytest.mark.parametrize("suffix", sorted(_PACK))
def test_lines_before_a_break_are_documents(tmp_path: Path, suffix: str) -> None:
    """The lines of a truncated packed file are documents; one row stands for the rest."""
    packed = _PACK[suffix](_LINES)
    *lines, last = _read_of(tmp_path, f"cut.ndjson.{suffix}", packed[: -len(packed) // 4])
    assert all(document.raw for document in lines)
    assert [document.position for document in lines] == list(range(1, len(lines) + 1))
    assert last.status == "unreadable"
    assert last.position == len(lines) + 1
    assert "at byte " in str(last.reason)
    if suffix == "gz":
        assert len(lines) > 1000


@pytest.mark.parametrize("suffix", sorted(_PACK))
def test_lines_before_a_break_in_a_member_are_documents(tmp_path: Path, suffix: str) -> None:
    """A cut member of an archive gives as many lines as it would as a file."""
    packed = _PACK[suffix](_LINES)
    cut = packed[: -len(packed) // 4]
    *lines, last = _read_of(tmp_path, f"cut.ndjson.{suffix}", cut)
    archive = packed_tar({f"cut.ndjson.{suffix}": cut})
    *members, told = _read_of(tmp_path, "dump.tar.gz", gzip.compress(archive))
    assert [member.raw for member in members] == [line.raw for line in lines]
    assert (told.position, told.status, told.reason) == (last.position, last.status, last.reason)
    # what is too long to be kept loses the end of it, and says so
    *members, told = _read_of(tmp_path, "dump.tar", archive, Limits(held_bytes=10))
    assert len(members) <= len(lines)
    assert told.status == "unreadable"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_lines_before_a_break_in_a_zip_are_documents(tmp_path: Path, method: int) -> None:
    """Of a member of a zip archive with damage in it, the lines before that are read."""
    lines = [hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(4000)]
    raw = bytearray(packed_zip({"a.ndjson": b"\n".join(lines)}, method))
    for place in range(len(raw) // 2, len(raw) // 2 + 500):
        raw[place] = 255
    *found, last = _read_of(tmp_path, "dump.zip", bytes(raw))
    assert last.status == "unreadable"
    least = 0 if method == zipfile.ZIP_BZIP2 else 1900
    assert sum(one.raw == line for one, line in zip(found, lines, strict=False)) >= least


@pytest.mark.parametrize("suffix", sorted(_PACK))
def test_whole_archives_are_read_to_their_end(tmp_path: Path, suffix: str) -> None:
    """A packed file of lines gives each line as it was."""
    documents = _read_of(tmp_path, f"whole.ndjson.{suffix}", _PACK[suffix](_LINES))
    assert b"".join(document.raw + b"\n" for document in documents if document.raw) == _LINES


def test_a_damaged_checksum_keeps_all_lines(tmp_path: Path) -> None:
    """A gzip file whose checksum is wrong gives its lines, and one unreadable row."""
    packed = bytearray(gzip.compress(_LINES))
    packed[-8] ^= 1
    *lines, last = _read_of(tmp_path, "sum.ndjson.gz", bytes(packed))
    assert len(lines) == 3000
    assert last.status == "unreadable"


def test_zeros_behind_the_last_member_are_nothing(tmp_path: Path) -> None:
    """A gzip file that a tape filled up with zeros gives its lines and nothing else."""
    documents = _read_of(tmp_path, "tape.ndjson.gz", gzip.compress(_LINES) + bytes(10_000))
    assert len(documents) == 3000
    assert all(document.raw for document in documents)


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_a_file_of_no_lines_holds_no_document(tmp_path: Path, data: bytes) -> None:
    """An empty or blank file of lines is skipped; an empty file of another name is a document."""
    (found,) = _read_of(tmp_path, "hour.ndjson", data)
    assert (found.status, found.reason) == ("skipped", "a file of lines without a line")
    assert len(_read_of(tmp_path, "empty.json", b"")) == 1


def test_a_packed_file_of_no_bytes_is_unreadable(tmp_path: Path) -> None:
    """It was cut, so it is not skipped as a file of lines without a line is."""
    (row,) = _read_of(tmp_path, "hour.ndjson.gz", b"")
    assert row.status == "unreadable"
