"""Files of all packings, and what reading them yields, for the tests of the sources."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa

from pipeline.limits import DEFAULT, Limits
from pipeline.sources.files import discover
from pipeline.sources.reading import WHOLE, Share, read_documents

#: A document that was read: path, position, `status: reason` or None, bytes.
Found = tuple[str, int, str | None, bytes | None]


def _zstd(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 1),
    "bz2": bz2.compress,
    "zst": _zstd,
    "xz": lzma.compress,
}


def packed_tar(members: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


def packed_zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def read(path: Path | str, limits: Limits = DEFAULT, share: Share = WHOLE) -> list[Found]:
    """Return what reading a file, or all files of a directory, yields, in the order of paths."""
    files = sorted(discover([path]))
    return [
        (one.path, one.position, f"{one.status}: {one.reason}" if one.status else None, one.raw)
        for file in files
        for one in read_documents(file, limits, share)
    ]
