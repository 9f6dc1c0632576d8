"""Packed files whose name does not say so, recognised by their first bytes."""

from __future__ import annotations

import re

#: How many bytes are read: a tar archive has its mark at byte 257.
HEAD_BYTES = 512

#: What to do with several documents in one.
ONE_EACH = "write one document a file, or one a line"

_UNPACK = "unpack it first"
_RENAME = f"{_UNPACK}, or let its name end in"

#: The first bytes of each format, its name, and the advice.
_PACKINGS = tuple(
    (re.compile(start, re.DOTALL), f"{what}: {action}")
    for start, what, action in (
        (rb"\x1f\x8b\x08", "gzip data", f"{_RENAME} .gz"),
        # also a skippable frame, as parallel packers write it
        (rb"[\x50-\x5f]\x2a\x4d\x18|\x28\xb5\x2f\xfd", "zstd data", f"{_RENAME} .zst"),
        (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", "bzip2 data", f"{_RENAME} .bz2"),
        (rb"\xfd7zXZ\0", "xz data", _UNPACK),
        (rb"\x04\x22\x4d\x18", "lz4 data", _UNPACK),
        (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", "a zip archive", _UNPACK),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
        (rb"Rar!\x1a\x07", "a rar archive", _UNPACK),
        (rb".{257}ustar", "a tar archive", _UNPACK),
    )
)


def packing(head: bytes) -> str | None:
    """Return the format and the advice for a packed file; None if the file is not packed."""
    return next((reason for start, reason in _PACKINGS if start.match(head)), None)
