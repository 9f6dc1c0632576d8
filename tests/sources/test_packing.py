"""Packed data is recognised by its first bytes, under any name."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from pipeline.limits import DEFAULT, Limits
from pipeline.sources.packing import packing
from tests.paths import SAMPLES
from tests.sources.packed import CODECS, packed_tar, packed_zip, read

_RAW = next(iter(SAMPLES.iterdir())).read_bytes()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ["x.json", "x.ndjson", "x.json.gz", "x.zip"])
def test_packed_data_is_read_under_any_name(tmp_path: Path, codec: str, name: str) -> None:
    """The content of a file, not its name, decides how it is unpacked."""
    (tmp_path / name).write_bytes(CODECS[codec](_RAW))
    (found,) = read(tmp_path / name)
    assert found == (str(tmp_path / name), 1, None, _RAW)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ["x", "x.json", "x.tar.gz"])
def test_packed_archives_are_read_under_any_name(tmp_path: Path, codec: str, name: str) -> None:
    """An archive is recognised within what is packed, and both by their contents."""
    for archive in (packed_tar({"a/b.json": _RAW}), packed_zip({"a/b.json": _RAW})):
        for packed in (archive, CODECS[codec](archive)):
            (tmp_path / name).write_bytes(packed)
            (found,) = read(tmp_path / name)
            assert found == (f"{tmp_path / name}!a/b.json", 1, None, _RAW)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07\x01\x00", "a rar archive"),
        (b"\x04\x22\x4d\x18", "lz4 data"),
        (b"LZIP\x01", "lzip data"),
        (b"\x1f\x9d\x90", "data packed by compress"),
        (b"070701" + b"0" * 104, "a cpio archive"),
    ],
)
@pytest.mark.parametrize("name", ["x.json", "x.ndjson.gz"])
def test_what_cannot_be_unpacked_is_refused_by_name(
    tmp_path: Path, head: bytes, what: str, name: str
) -> None:
    """It is one refused row that says what it is, also within what is packed."""
    data = head + bytes(600)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    for limits in (DEFAULT, Limits(document_bytes=100)):
        (found,) = read(tmp_path / name, limits)
        assert found == (str(tmp_path / name), 1, f"refused: {what}: unpack it first", None)


def test_packed_data_within_packed_data_is_refused(tmp_path: Path) -> None:
    """Data that is packed twice is refused, as there are files that unpack to themselves."""
    (tmp_path / "x.gz").write_bytes(CODECS["zst"](gzip.compress(_RAW)))
    (found,) = read(tmp_path / "x.gz")
    assert found[2] == "refused: gzip data within zstd data: unpack it first"


def test_an_archive_of_the_oldest_kind_is_recognised(tmp_path: Path) -> None:
    """The oldest tar archives have no magic number, but a checksum of their header."""
    header = tarfile.TarInfo("a.json")
    header.size = len(_RAW)
    block = bytearray(header.tobuf(tarfile.USTAR_FORMAT))
    block[257:] = bytes(len(block) - 257)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    data = io.BytesIO()
    data.write(bytes(block) + _RAW + bytes(-len(_RAW) % 512) + bytes(1024))
    (tmp_path / "x").write_bytes(data.getvalue())
    assert [raw for *_, raw in read(tmp_path / "x")] == [_RAW]


@pytest.mark.parametrize("head", [b"", b"PK", b"BZh9 and so on", _RAW, b"{" * 600, b"\x1f\x8b"])
def test_other_content_is_not_packed(head: bytes) -> None:
    """Other files are not taken for packed, by any first bytes."""
    assert packing(head) is None
