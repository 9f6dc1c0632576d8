"""Recognising what is packed under another name, by its first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.documents.packing import packing
from pipeline.limits import DEFAULT, Limits
from pipeline.sources.files import discover, read_documents
from tests.paths import SAMPLES

_RAW = next(iter(SAMPLES.iterdir())).read_bytes()


def _zip(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.json", data)
    return buffer.getvalue()


def _tar(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("x.json")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _with(codec: str) -> Callable[[bytes], bytes]:
    return lambda data: pa.compress(data, codec=codec, asbytes=True)


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip data": gzip.compress,
    "zstd data": _with("zstd"),
    "bzip2 data": bz2.compress,
    "xz data": lzma.compress,
    "lz4 data": _with("lz4"),
    "a zip archive": _zip,
    "a tar archive": _tar,
}


@pytest.mark.parametrize("what", _PACKERS)
@pytest.mark.parametrize("name", ["x.json", "x.ndjson", "x.json.gz"])
def test_packed_content_is_refused_by_name(tmp_path: Path, what: str, name: str) -> None:
    """Whatever a file is named, packed content in it is one refused row that says what it is."""
    packed = _PACKERS[what](_RAW)
    (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith(".gz") else packed)
    (file,) = discover([tmp_path])
    for limits in (DEFAULT, Limits(document_bytes=1000)):
        (found,) = read_documents(file, limits)
        assert (found.position, found.status, found.raw) == (1, "refused", None)
        assert str(found.reason).startswith(f"{what}: unpack it first")


@pytest.mark.parametrize("head", [b"", b"PK", b"BZh9 and so on", _RAW, b"{" * 600, b"\x1f\x8b"])
def test_other_content_is_not_packed(head: bytes) -> None:
    """Nothing else is taken for packed, whatever it begins with."""
    assert packing(head) is None


def test_an_array_over_the_limit_is_said_to_be_one(tmp_path: Path) -> None:
    """An array that is too large to be looked into is refused as what it is."""
    path = tmp_path / "x.json"
    path.write_bytes(b"[" + b",".join([_RAW] * 5) + b"]")
    (file,) = discover([path])
    (found,) = read_documents(file, Limits(document_bytes=10_000))
    assert found.reason == (
        "a JSON array larger than 10000 bytes: write one document a file, or one a line"
    )
