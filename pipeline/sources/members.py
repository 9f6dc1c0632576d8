"""A member of an archive, and what keeps it from being read."""

from __future__ import annotations

import hashlib
import os
from array import array
from dataclasses import dataclass

from pipeline.limits import Limits
from pipeline.sources.streams import Part, Stream
from pipeline.vocabulary import Status

LINK = "a link, which is not followed"
NO_FILE = "no regular file"


@dataclass(frozen=True, slots=True)
class Member:
    """A member as an archive lists it.

    Attributes:
        name: in the archive's own bytes.
        size: its bytes, as the archive states them.
        at: where it begins in the archive.
        stream: what it holds; None of a directory, and of what is not read.
        skipped: why it is not read though nothing is wrong with it, such as a link.
        refused: why it cannot be read.
        packed: its bytes in the archive, where it is packed there.
    """

    name: bytes
    size: int
    at: int
    stream: Part | Stream | None
    skipped: str | None = None
    refused: str | None = None
    packed: int | None = None

    @property
    def directory(self) -> bool:
        """Whether it is a directory, of which there is nothing to tell."""
        return self.stream is None and self.problem is None

    @property
    def problem(self) -> tuple[Status, str] | None:
        """The status and the reason of its row, where it is not read; None of a directory, too."""
        if self.refused:
            return "refused", self.refused
        return ("skipped", self.skipped) if self.skipped else None


#: Random, so that names cannot be chosen to collide.
_KEY = os.urandom(16)


class Names:
    """The names that were met, to tell which comes again: 8 bytes each, and room for as many.

    Python's own sets need ten times as much, and archives have millions of members.
    """

    def __init__(self) -> None:
        """Begin without names."""
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, name: bytes) -> bool:
        """Add a name; return whether it was met before."""
        mark = int.from_bytes(hashlib.blake2b(name, digest_size=8, key=_KEY).digest()) or 1
        if 2 * self._count >= len(self._slots):
            self._grow()
        met = not self._put(mark)
        self._count += not met
        return met

    def _put(self, mark: int) -> bool:
        slots, last = self._slots, len(self._slots) - 1
        at = mark & last
        while slots[at]:
            if slots[at] == mark:
                return False
            at = (at + 1) & last
        slots[at] = mark
        return True

    def _grow(self) -> None:
        old, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for mark in old:
            if mark:
                self._put(mark)


def unwanted(name: bytes, limits: Limits) -> str | None:
    """Return why a name is not taken; nothing is ever written by it, but readers might."""
    if not name:
        return "a member without a name"
    if len(name) > limits.name_bytes:
        return f"a name of {len(name)} bytes, more than {limits.name_bytes}"
    if name.startswith((b"/", b"\\")) or name[1:3] in (b":\\", b":/"):
        return "an absolute name: pack it by a relative one"
    if b".." in name.replace(b"\\", b"/").split(b"/"):
        return "a name that leads out of the archive (..): pack it by another"
    return None
