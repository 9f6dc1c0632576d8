"""The members of a zip archive, as its directory at the end lists them.

Python's `zipfile` makes an object of a KB of each entry before it gives the first: here the
directory is read as it is needed, and an archive of millions of members takes no more memory.
"""

from __future__ import annotations

import bz2
import lzma
import stat
import struct
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

from pipeline.limits import Limits
from pipeline.sources.members import LINK, NO_FILE, Member
from pipeline.sources.streams import CHUNK, Extent, Seekable, Stream
from pipeline.sources.unpacking import Decoded, Inflater, Opened, Resumed, by_arrow

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
#: The end stands at most so far from the last byte: its comment has a length of 16 bits.
_TAIL = _END.size + 2**16
_UNKNOWN = 2**32 - 1
#: Of an entry only what tells where its member begins and how large that is, and the lengths.
_LIGHT = struct.Struct("<20x2L3H8xL")
_LONGEST = _ENTRY.size + 3 * 2**16
_ZIP64 = 1
_ENCRYPTED, _UTF8, _END_MARK = 1, 0x800, 2
_STORED, _DEFLATED, _DEFLATE64, _BZIP2, _LZMA, _ZSTD, _XZ = 0, 8, 9, 12, 14, 93, 95
_UNREAD = {
    1: "shrink",
    6: "implode",
    _DEFLATE64: "deflate64",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
_LZMA_PROPERTIES = 5

#: What is made of an entry.
_Found = TypeVar("_Found")


class _Entry(NamedTuple):
    """An entry of the directory."""

    name: bytes
    flags: int
    method: int
    mode: int
    crc: int
    packed: int
    size: int
    at: int


class _Directory(NamedTuple):
    """Where the directory stands, its bytes, and how many stand before the archive."""

    start: int
    size: int
    before: int


def members(file: Seekable, limits: Limits) -> Iterator[Member]:
    """Yield the members of an archive, in the order of its directory.

    Raises:
        OSError: the directory is broken, or lists too much.
    """
    directory = _directory(file)
    starts = _starts(file, directory, limits)
    for entry in _entries(file, directory, _entry):
        yield _member(file, entry, directory, starts, limits)


def _directory(file: Seekable) -> _Directory:
    tail_at = max(0, file.size - _TAIL)
    tail = file.at(tail_at, _TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        message = "the archive has no directory at its end: it may be cut"
        raise OSError(message)
    _, disk, _, _, _, size, start, _ = _END.unpack_from(tail, at)
    end = tail_at + at
    locator = file.at(max(0, end - _LOCATOR.size), _LOCATOR.size)
    if locator[:4] == b"PK\x06\x07" and len(locator) == _LOCATOR.size:
        _, _, place, _ = _LOCATOR.unpack(locator)
        larger = file.at(place, _END_64.size)
        if larger[:4] == b"PK\x06\x06" and len(larger) == _END_64.size:
            _, _, _, _, disk, _, _, _, size, start = _END_64.unpack(larger)
            end = place
    before = end - size - start
    if disk or before < 0:
        message = "the directory of the archive is broken" if before < 0 else "one of several parts"
        raise OSError(message)
    return _Directory(start + before, size, before)


def _entries(
    file: Seekable, directory: _Directory, parse: Callable[[bytes, int, int], tuple[_Found, int]]
) -> Iterator[_Found]:
    """Yield what is made of each entry of the directory, which is read a piece at a time."""
    held, at, read, number = b"", 0, 0, 0
    while at < len(held) or read < directory.size:
        if read < directory.size:
            more = file.at(directory.start + read, min(CHUNK, directory.size - read))
            read = read + len(more) if more else directory.size
            held, at = held[at:] + more, 0
        end = len(held)
        # an entry that begins before is held whole: no three lengths of 16 bits are longer
        last = end - _LONGEST if read < directory.size else end
        while at < last:
            if not held.startswith(b"PK\x01\x02", at) or end - at < _ENTRY.size:
                message = f"the directory of the archive is broken behind entry {number}"
                raise OSError(message)
            found, at = parse(held, at, directory.before)
            number += 1
            yield found


def _entry(held: bytes, at: int, before: int) -> tuple[_Entry, int]:
    """Return the entry at a place of the directory, and where the next one is."""
    fields = _ENTRY.unpack_from(held, at)
    system, flags, method = fields[2], fields[5], fields[6]
    crc, packed, size, name_length, extra_length, comment_length = fields[9:15]
    attributes, offset = fields[17], fields[18]
    start = at + _ENTRY.size
    name = held[start : start + name_length]
    extra = held[start + name_length : start + name_length + extra_length]
    if _UNKNOWN in (packed, size, offset):
        size, packed, offset = _large(extra, size, packed, offset)
    # of other systems these bits mean nothing
    mode = attributes >> 16 if system == 3 else 0  # noqa: PLR2004 - Unix
    entry = _Entry(name, flags, method, mode, crc, packed, size, offset + before)
    return entry, start + name_length + extra_length + comment_length


def _start(held: bytes, at: int, before: int) -> tuple[tuple[int, int], int]:
    """Return where the member of an entry begins and its size, and where the next entry is.

    It is asked of every entry before the first is read, and takes a third of the time of `_entry`.
    """
    packed, size, name_length, extra_length, comment_length, offset = _LIGHT.unpack_from(held, at)
    start = at + _ENTRY.size + name_length
    if _UNKNOWN in {packed, size, offset}:
        size, _, offset = _large(held[start : start + extra_length], size, packed, offset)
    return (offset + before, size), start + extra_length + comment_length


def _large(extra: bytes, *values: int) -> list[int]:
    """Return the values of an entry, each that 32 bits cannot hold by what stands in `extra`."""
    numbers = b""
    while len(extra) >= 4:  # noqa: PLR2004 - two lengths
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _ZIP64:
            numbers = extra[4 : 4 + length]
            break
        extra = extra[4 + length :]
    found = []
    for value in values:
        if value == _UNKNOWN and len(numbers) >= 8:  # noqa: PLR2004 - 64 bits
            (value,) = struct.unpack_from("<Q", numbers)  # noqa: PLW2901
            numbers = numbers[8:]
        found.append(value)
    return found


def _starts(file: Seekable, directory: _Directory, limits: Limits) -> array[int]:
    """Return where the members begin, in order; look at what the directory promises before.

    Raises:
        OSError: it lists too many members, or too many for what they hold.
    """
    starts, total = array("Q"), 0
    for start, size in _entries(file, directory, _start):
        starts.append(min(start, file.size))
        total += size
        if len(starts) > limits.members:
            message = f"the archive lists more than {limits.members} members"
            raise OSError(message)
    if len(starts) > limits.batch_documents and total < len(starts) * limits.mean_bytes:
        message = (
            f"the archive lists {len(starts)} members of fewer than {limits.mean_bytes} bytes "
            "on average"
        )
        raise OSError(message)
    return array("Q", sorted(starts))


def _member(
    file: Seekable, entry: _Entry, directory: _Directory, starts: array[int], limits: Limits
) -> Member:
    name = entry.name
    if not entry.flags & _UTF8:
        name = name.decode("cp437").encode()
    skipped = None
    if stat.S_ISLNK(entry.mode):
        skipped = LINK
    elif stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        skipped = NO_FILE
    packed = None if entry.method == _STORED else entry.packed
    if skipped or name.endswith(b"/"):
        return Member(name, 0, entry.at, None, skipped)
    start, refused = _found(file, entry, directory, starts)
    refused = _unread(entry) or refused
    opened = partial(_opened, file, entry, start, limits)
    stream = None if refused else _Checked(opened, entry)
    return Member(name, entry.size, entry.at, stream, None, refused, packed)


def _unread(entry: _Entry) -> str | None:
    """Return why a member cannot be unpacked, by what the directory says of it."""
    if entry.flags & _ENCRYPTED:
        return "encrypted: unpack it first"
    if entry.method not in (_STORED, *_OPENERS):
        what = _UNREAD.get(entry.method, f"method {entry.method}")
        return f"packed by {what}, which is not read: unpack it first"
    return None


def _found(
    file: Seekable, entry: _Entry, directory: _Directory, starts: array[int]
) -> tuple[int, str | None]:
    """Return where a member's bytes begin; why they are not its own alone, if they are not."""
    local = file.at(entry.at, _LOCAL.size + len(entry.name))
    if local[:4] != b"PK\x03\x04" or len(local) < _LOCAL.size:
        return 0, "there is no member where the directory has it"
    *_, name_length, extra_length = _LOCAL.unpack_from(local)
    if local[_LOCAL.size :] != entry.name or name_length != len(entry.name):
        return 0, "the directory and the member itself name it differently"
    start = entry.at + _LOCAL.size + name_length + extra_length
    nth = bisect_right(starts, entry.at)
    end = starts[nth] if nth < len(starts) else directory.start
    if bisect_left(starts, entry.at) != nth - 1 or start + entry.packed > end:
        return 0, "its bytes overlap those of another member"
    return start, None


class _Checked:
    """What a member unpacks to, which must be as long, and have the sum, that its entry says."""

    def __init__(self, opened: Callable[[], Opened], entry: _Entry) -> None:
        # opened where it is read: what is wrong there is wrong with this member alone
        self._open, self._entry = opened, entry
        self._stream: Stream | None = None
        self._left, self._crc = entry.size, 0

    def read(self, size: int) -> bytes:
        self._stream = self._stream or Resumed(self._open(), self._open)
        data = self._stream.read(max(1, min(size, self._left)))
        self._left -= len(data)
        self._crc = zlib.crc32(data, self._crc)
        if self._left < 0 or (not data and self._left):
            raise OSError("a member is not as long as the directory says")  # noqa: TRY003, EM101
        if not data and self._crc != self._entry.crc:
            raise OSError("the checksum of a member is wrong")  # noqa: TRY003, EM101
        return data


def _lzma(packed: Stream, entry: _Entry, limits: Limits) -> Opened:
    """Return what unpacks LZMA data: given the header of a file of its own, its memory is bound."""
    head = packed.read(4 + _LZMA_PROPERTIES)
    if head[2:4] != _LZMA_PROPERTIES.to_bytes(2, "little"):
        raise OSError("the header of a member is broken")  # noqa: TRY003, EM101
    size = 2**64 - 1 if entry.flags & _END_MARK else entry.size
    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=limits.lzma_bytes)
    decoder.decompress(head[4:] + size.to_bytes(8, "little"), 0)
    return Decoded(packed, lambda: decoder, several=False)


def _xz(packed: Stream, limits: Limits) -> Opened:
    decoder = partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, limits.lzma_bytes)
    return Decoded(packed, decoder, several=False)


_OPENERS: dict[int, Callable[[Stream, _Entry, Limits], Opened]] = {
    _DEFLATED: lambda packed, _, __: Decoded(packed, Inflater, several=False),
    _BZIP2: lambda packed, _, __: Decoded(packed, bz2.BZ2Decompressor, several=False),
    _LZMA: _lzma,
    _ZSTD: lambda packed, _, __: by_arrow(packed, "zstd"),
    _XZ: lambda packed, _, limits: _xz(packed, limits),
}


def _opened(file: Seekable, entry: _Entry, start: int, limits: Limits) -> Opened:
    """Return what a member holds."""
    packed = Extent(file, start, entry.packed)
    if entry.method == _STORED:
        return packed
    return _OPENERS[entry.method](packed, entry, limits)
