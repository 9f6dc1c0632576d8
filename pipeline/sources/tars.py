"""The members of a tar archive, in their order, from a stream.

Python's `tarfile` keeps all members, reads headers of any size into memory, follows sparse members
wherever they lead, and takes five times as long for a header: each of several workers reads all.
"""

from __future__ import annotations

import re
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.limits import Limits
from pipeline.sources.members import LINK, NO_FILE, Member
from pipeline.sources.streams import CHUNK, Begun, Part

_BLOCK = 512
_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
#: The types of headers that go before a member's own.
_BEFORE = frozenset((*_PAX, tarfile.XGLTYPE, _LONG_NAME, _LONG_LINK))
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)

#: The largest header that goes before a member's own, beside its name.
_HEADER_BYTES = 2**16
_PAX_LENGTH = re.compile(rb"(\d{1,9}) ")


@dataclass(slots=True)
class _Before:
    """What headers before a member's own say of it."""

    name: bytes | None = None
    size: int | None = None
    sparse: bool = False
    at: int | None = None


def members(stream: Begun, limits: Limits) -> Iterator[Member]:
    """Yield the members of an archive; each must be read before the next is asked for.

    Raises:
        OSError: the archive is broken here, or cut, or more follows its end.
    """
    before = _Before()
    while (block := _block(stream)) is not None:
        header = _header(block, stream.place - _BLOCK)
        start = stream.place - _BLOCK
        if before.at is None:
            before.at = start
        if header.type in _BEFORE:
            _note(header, _small(stream, header.size, limits), before)
            continue
        if header.type == tarfile.GNUTYPE_SPARSE:
            _pass_sparse(stream, block)
        size = header.size if before.size is None else before.size
        part = Part(stream, size)
        yield _member(header, before, part)
        part.finish()
        _pad(stream, size)
        before = _Before()
    _check_end(stream)


def _block(stream: Begun) -> bytes | None:
    """Return the block of the next header, None at the mark of the end."""
    block = stream.exactly(_BLOCK)
    if not block:
        message = f"the archive has no end: it may be cut, at byte {stream.place}"
        raise OSError(message)
    return block if block.strip(b"\0") else None


class _Header(NamedTuple):
    """What the header of a member says: `type` is one of the types of `tarfile`."""

    name: bytes
    size: int
    type: bytes


#: The name, the size, the checksum, the type and what goes before the name.
_FIELDS = struct.Struct("100s24x12s12x8sc188x155s12x")
_SUM = slice(148, 156)


def _header(block: bytes, place: int) -> _Header:
    try:
        name, size, stated, kind, prefix = _FIELDS.unpack(block)
        header = _Header(name.partition(b"\0")[0], _number(size), kind)
        right = _number(stated) in _sums(block)
    except (struct.error, ValueError):
        right = False
    if not right:
        message = f"the archive is broken: there is no header at byte {place}"
        raise OSError(message)
    if header.size < 0:
        message = f"the archive is broken: a member of a size below zero at byte {place}"
        raise OSError(message)
    if prefix[0] and kind not in tarfile.GNU_TYPES:
        return header._replace(name=prefix.partition(b"\0")[0] + b"/" + header.name)
    return header


def _number(field: bytes) -> int:
    """Return a number, written in octal digits or, if it is large, in bytes."""
    if field[0] in {0o200, 0o377}:
        return int.from_bytes(field[1:]) - (256 ** (len(field) - 1) if field[0] == 0o377 else 0)  # noqa: PLR2004 - the marks
    return int(field.partition(b"\0")[0].strip() or b"0", 8)


def _sums(block: bytes) -> Iterator[int]:
    """Yield the sums of a header's bytes that are right: some programs add them with signs."""
    rest = block[: _SUM.start] + b" " * 8 + block[_SUM.stop :]
    yield sum(rest)
    yield sum(rest) - 256 * sum(byte > 127 for byte in rest)  # noqa: PLR2004 - the sign


def _small(stream: Begun, size: int, limits: Limits) -> bytes:
    """Return what a header holds that goes before a member's own."""
    if size > _HEADER_BYTES + limits.name_bytes:
        message = f"a header of {size} bytes, more than any name needs, at byte {stream.place}"
        raise OSError(message)
    part = Part(stream, size)
    held = b""
    while data := part.read(size):
        held += data
    _pad(stream, size)
    return held


def _note(header: _Header, held: bytes, before: _Before) -> None:
    """Keep what a header says of the member that follows."""
    if header.type == _LONG_NAME:
        before.name = held.split(b"\0", 1)[0]
    elif header.type in _PAX:
        for key, value in _records(held):
            if key == b"path":
                before.name = value
            elif key == b"size" and re.fullmatch(rb"[0-9]{1,18}", value):
                before.size = int(value)
            elif key.startswith(b"GNU.sparse."):
                before.sparse = True


def _records(held: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a pax header, each of which begins with its length."""
    start = 0
    while match := _PAX_LENGTH.match(held, start):
        end = start + int(match[1])
        key, _, value = held[match.end() : end - 1].partition(b"=")
        yield key, value
        # a length that leads back would be read for ever
        start = max(end, match.end())


def _pass_sparse(stream: Begun, block: bytes) -> None:
    """Pass over the blocks that go on with the map of an old sparse member."""
    more = block[482]
    while more:
        block = stream.exactly(_BLOCK)
        more = block[504] if len(block) == _BLOCK else 0


def _member(header: _Header, before: _Before, part: Part) -> Member:
    name = header.name if before.name is None else before.name
    skipped = None
    if header.type in _LINKS:
        skipped = LINK
    elif before.sparse or header.type == tarfile.GNUTYPE_SPARSE:
        skipped = "a file with holes, which is not read: pack it without --sparse"
    elif header.type not in (*_FILES, tarfile.DIRTYPE):
        skipped = NO_FILE
    directory = header.type == tarfile.DIRTYPE or name.endswith(b"/")
    at = before.at or 0
    return Member(name, part.left, at, None if directory or skipped else part, skipped)


def _pad(stream: Begun, size: int) -> None:
    stream.skip(-size % _BLOCK)


def _check_end(stream: Begun) -> None:
    """Read on behind the mark of the end, where there may be only zeros.

    Raises:
        OSError: there is more, as where archives were put behind each other.
    """
    place = stream.place
    while data := stream.read(CHUNK):
        if data.count(0) != len(data):
            message = f"more follows the end of the archive at byte {place}: make one of the two"
            raise OSError(message)
