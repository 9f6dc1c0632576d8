"""Packed data is recognised by its first bytes, not by its name."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

#: So many bytes tell: the header of a tar archive.
HEAD_BYTES = 512

Kind = Literal["gzip", "zstd", "bz2", "xz", "tar", "zip", "unread"]

#: The kinds that hold one stream of bytes; those of archives hold members.
CODECS = ("gzip", "zstd", "bz2", "xz")


class Packing(NamedTuple):
    """What the beginning of a file says it is: for the program, and in words."""

    kind: Kind
    what: str

    @property
    def refusal(self) -> str:
        """Why it is not read, where it is not."""
        return f"{self.what}: unpack it first"


_BEGINNINGS: tuple[tuple[bytes, Kind, str], ...] = (
    (rb"\x1f\x8b\x08", "gzip", "gzip data"),
    # also of a frame that a reader is to skip, as parallel packers write it
    (rb"[\x50-\x5f]\x2a\x4d\x18|\x28\xb5\x2f\xfd", "zstd", "zstd data"),
    (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", "bz2", "bzip2 data"),
    (rb"\xfd7zXZ\0", "xz", "xz data"),
    (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", "zip", "a zip archive"),
    (rb"\x04\x22\x4d\x18", "unread", "lz4 data"),
    (rb"LZIP\x01", "unread", "lzip data"),
    (rb"\x1f\x9d\x90", "unread", "data packed by compress"),
    (rb"7z\xbc\xaf\x27\x1c", "unread", "a 7z archive"),
    (rb"Rar!\x1a\x07", "unread", "a rar archive"),
    (rb"0707(?:01|02|07)[0-9a-fA-F]{100}", "unread", "a cpio archive"),
    # the oldest tar archives have no name, but a sum of their header
    (rb".{257}ustar|.{148}[ 0-7]{6}\0 [0-6\0].{355}", "tar", "a tar archive"),
)
_PACKINGS = tuple(
    (re.compile(start, re.DOTALL), Packing(kind, what)) for start, kind, what in _BEGINNINGS
)

#: How any of them may begin: tried of every document, of which hardly one is packed.
_STARTS = re.compile(rb"[\x1f\x50-\x5f\x28BP\xfd\x04L7R0]|.{257}ustar|.{154}\0 ", re.DOTALL)


def packing(head: bytes) -> Packing | None:
    """Return what the beginning of a file says it is; None if it is not packed."""
    if not _STARTS.match(head):
        return None
    return next((packed for start, packed in _PACKINGS if start.match(head)), None)
