"""Unpacking: streams of gzip, zstd, bzip2 and xz data, and what they may grow to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, Protocol, cast

import pyarrow as pa

from pipeline.limits import Limits
from pipeline.sources.streams import CHUNK, Stream

#: How much is unpacked at a time: where that fails, it is unpacked again in smaller steps.
_STEPS = (CHUNK, 4096, 1)

#: How much is given to a decoder at a time.
_PACKED_CHUNK = 2**16

#: What breaks a packed stream: pyarrow raises OSError, others what they call their own.
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class Opened(Stream, Protocol):
    """A stream that holds something until it is closed."""

    def close(self) -> None:
        """Let go of it."""


class Decoder(Protocol):
    """What `bz2` and `lzma` offer to unpack one stream."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether it can give nothing without more input."""

    @property
    def unused_data(self) -> bytes:
        """What follows the end of the stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return what comes of more input, up to a number of bytes."""


class Inflater:
    """The decoder of deflated data: without a header, as zip archives hold it, or of gzip data."""

    def __init__(self, window: int = -zlib.MAX_WBITS) -> None:
        """Begin; `window` is as `zlib` takes it."""
        self._stream = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether it can give nothing without more input."""
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What follows the end of the stream."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return what comes of more input, up to a number of bytes."""
        return self._stream.decompress(self._stream.unconsumed_tail + data, max(max_length, 0))


#: What is told of a packed stream that ends too early.
_CUT = "Truncated compressed stream"

#: The decoder of gzip data, which checks its checksums.
gunzip = partial(Inflater, 16 + zlib.MAX_WBITS)


class Decoded:
    """What decoders make of a stream: of the one in it, or of several behind each other."""

    def __init__(self, packed: Stream, decoder: Callable[[], Decoder], *, several: bool) -> None:
        """Begin; `decoder` makes a new one."""
        self._packed, self._new, self._several = packed, decoder, several
        self._decoder = decoder()
        # what was read beyond the stream that ended
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the stream ends too early, or what follows it is no other.
        """
        while not self._decoder.eof or self._follows():
            given, needed = b"", self._decoder.needs_input
            if needed:
                given, self._rest = self._rest or self._packed.read(_PACKED_CHUNK), b""
            if data := self._decoder.decompress(given, size):
                return data
            if needed and not given and not self._decoder.eof:
                raise OSError(_CUT)
        return b""

    def _follows(self) -> bool:
        """Begin the stream behind the one that ended, if there is any: zeros are padding."""
        if not self._several:
            return False
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest:
            more = self._packed.read(_PACKED_CHUNK)
            if not more:
                return False
            rest = more.lstrip(b"\0")
        self._decoder, self._rest = self._new(), rest
        return True

    def close(self) -> None:
        """Do nothing: a decoder holds no file."""


class _File:
    """A stream in the shape of the files that libraries read from."""

    closed = False

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size if size >= 0 else CHUNK)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def by_arrow(packed: Stream, codec: str) -> Opened:
    """Return what unpacks zstd data."""
    opened: Opened = pa.CompressedInputStream(pa.PythonFile(_File(packed), mode="r"), codec)
    return opened


class Resumed:
    """An unpacked stream that is read up to the byte where it breaks.

    Decoders return nothing of a read that fails. Where the stream can be had again, it is then
    unpacked again up to where the read began, and read on in smaller steps, so that each whole
    line before the break is found; where not, the last of them may be lost.
    """

    def __init__(self, stream: Opened, again: Callable[[], Opened | None]) -> None:
        """Begin; `again` returns the stream from its beginning, if it can be had again."""
        self._stream, self._again = stream, again
        self._read = 0
        self._steps = list(_STEPS)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the stream is broken right here.
        """
        while True:
            try:
                data = self._stream.read(min(size, self._steps[0]))
            except BROKEN as error:
                again = self._again() if len(self._steps) > 1 else None
                if again is None:
                    raise OSError(_told(error)) from None
                self._steps.pop(0)
                self._resume(again)
            else:
                self._read += len(data)
                return data

    def _resume(self, stream: Opened) -> None:
        self.close()
        self._stream = stream
        left = self._read
        while left:
            data = stream.read(min(left, CHUNK))
            if not data:
                message = "the file changed while it was read"
                raise OSError(message)
            left -= len(data)

    def close(self) -> None:
        """Let go of what the decoder holds."""
        self._stream.close()


def unpacked(
    packed: Stream, codec: str, limits: Limits, again: Callable[[], Stream | None]
) -> Resumed:
    """Return what a packed stream unpacks to.

    Args:
        packed: at its beginning.
        codec: one of `packing.CODECS`.
        limits: of what unpacking may take.
        again: returns the packed stream from its beginning, if it can be had again.
    """

    def reopened() -> Opened | None:
        begun = again()
        if begun is None:
            return None
        # zlib tells of a wrong checksum before it gives the last bytes, Python after it
        file = cast("IO[bytes]", _File(begun))
        return gzip.GzipFile(fileobj=file) if codec == "gzip" else _decoded(begun, codec, limits)

    return Resumed(_decoded(packed, codec, limits), reopened)


def _decoded(packed: Stream, codec: str, limits: Limits) -> Opened:
    if codec == "xz":
        most = limits.lzma_bytes
        return Decoded(packed, lambda: lzma.LZMADecompressor(memlimit=most), several=True)
    if codec == "bz2":
        return Decoded(packed, bz2.BZ2Decompressor, several=True)
    if codec == "gzip":
        # unlike pyarrow's, it passes over the zeros that tapes leave behind a member
        return Decoded(packed, gunzip, several=True)
    return by_arrow(packed, codec)


class Kept:
    """A stream that is read in its order, and can be had again while it is short."""

    def __init__(self, stream: Stream, most: int) -> None:
        """Keep up to so many bytes of a stream."""
        self._stream, self._left = stream, most
        self._chunks = list[bytes]()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            self._chunks = []
        else:
            self._chunks.append(data)
        return data

    def again(self) -> Stream | None:
        """Return the stream from its beginning, if all that was read of it is kept."""
        return None if self._left < 0 else _Again(b"".join(self._chunks), self)


class _Again:
    """What was kept of a stream, and what comes behind it."""

    def __init__(self, kept: bytes, behind: Kept) -> None:
        self._kept, self._behind = io.BytesIO(kept), behind

    def read(self, size: int) -> bytes:
        return self._kept.read(size) or self._behind.read(size)


def _told(error: Exception) -> str:
    """Return what an error says, which of the system's is its text without the number."""
    if isinstance(error, EOFError):
        return _CUT
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class Budget:
    """How many bytes all that is packed within one file may still unpack to."""

    def __init__(self, size: int, limits: Limits) -> None:
        """Allow what a file of a size may unpack to."""
        self.left = most_bytes(size, limits)


def most_bytes(packed: int, limits: Limits) -> int:
    """Return the most bytes that so many packed ones may unpack to."""
    return min(limits.file_bytes, packed * limits.ratio)


class Bounded:
    """A stream that raises OSError where it unpacks beyond its limits; not before."""

    def __init__(self, stream: Stream, most: int, budget: Budget | None = None) -> None:
        """Bound a stream by a number of bytes and, within another file, by what is left there."""
        self._stream, self._most, self._budget = stream, most, budget
        self._read = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the stream is broken, or there is more than there may be.
        """
        left = self._most - self._read
        if self._budget is not None:
            left = min(left, self._budget.left)
        try:
            data = self._stream.read(min(size, max(left, 1)))
        except BROKEN as error:
            message = f"{_told(error)} at byte {self._read}"
            raise OSError(message) from None
        if data and left <= 0:
            message = (
                f"the archive unpacks to more than {self._read} bytes; if it is right, unpack it"
            )
            raise OSError(message)
        self._read += len(data)
        if self._budget is not None:
            self._budget.left -= len(data)
        return data
