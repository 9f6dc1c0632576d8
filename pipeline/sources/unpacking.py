"""Unpacking: streams of gzip, zstd, bzip2 and xz data, and what they may grow to."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Protocol, cast

import pyarrow as pa

from pipeline.limits import Limits
from pipeline.sources.streams import CHUNK, Stream, Whole

#: How much is unpacked at a time: where that fails, it is unpacked again in smaller steps.
_STEPS = (CHUNK, 4096, 1)

#: How much is given to a decoder at a time.
_PACKED_CHUNK = 2**16

#: What breaks a packed stream: pyarrow raises OSError, others what they call their own.
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


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
    """The decoder of deflated data without a header, as zip archives hold it."""

    def __init__(self) -> None:
        """Begin."""
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

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


class Decoded:
    """What decoders make of a stream: of the one in it, or of several behind each other."""

    def __init__(self, packed: Stream, decoder: Callable[[], Decoder], *, several: bool) -> None:
        """Begin; `decoder` makes a new one."""
        self._packed, self._new, self._several = packed, decoder, several
        self._decoder = decoder()
        # what was read beyond the stream that ended
        self._rest = b""

    def read1(self, size: int) -> bytes:
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
                message = "Truncated compressed stream"
                raise OSError(message)
        return b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        return self.read1(size)

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


def by_arrow(packed: Stream, codec: str) -> pa.NativeFile:
    """Return what unpacks gzip or zstd data."""
    return pa.CompressedInputStream(pa.PythonFile(_File(packed), mode="r"), codec)


class Unpacked:
    """A packed stream that is unpacked up to the byte where it breaks.

    pyarrow returns nothing of a read that fails. Where the packed stream can be had again, it is
    then unpacked again up to where the read began, and read on in smaller steps, so that each
    whole line before the break is found; where not, the last of them may be lost.
    """

    def __init__(
        self, packed: Stream, codec: str, limits: Limits, again: Callable[[], Whole] | None
    ) -> None:
        """Begin; `again` returns the packed stream from its beginning."""
        self._codec, self._limits, self._again = codec, limits, again
        self._read = 0
        self._opened: Whole | None = None
        self._steps = list(_STEPS)
        # Python's gzip passes over the zeros that tapes and sparse copies leave behind a member
        file = cast("IO[bytes]", _File(packed))
        gzipped = codec == "gzip"
        self._stream = gzip.GzipFile(fileobj=file) if gzipped else self._decoded(packed)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the stream is broken right here.
        """
        while True:
            try:
                data: bytes = self._stream.read1(min(size, self._steps[0]))
            except BROKEN as error:
                if self._again is None or len(self._steps) == 1:
                    raise OSError(_told(error)) from None
                self._steps.pop(0)
                self._resume(self._again())
            else:
                self._read += len(data)
                return data

    def _decoded(self, packed: Stream) -> pa.NativeFile | Decoded:
        if self._codec == "xz":
            most = self._limits.lzma_bytes
            return Decoded(packed, lambda: lzma.LZMADecompressor(memlimit=most), several=True)
        if self._codec == "bz2":
            return Decoded(packed, bz2.BZ2Decompressor, several=True)
        return by_arrow(packed, self._codec)

    def _resume(self, packed: Whole) -> None:
        self.close()
        self._opened = packed
        self._stream = self._decoded(packed)
        left = self._read
        while left:
            data = self._stream.read(min(left, CHUNK))
            if not data:
                message = "the file changed while it was read"
                raise OSError(message)
            left -= len(data)

    def close(self) -> None:
        """Let go of what the decoder holds."""
        self._stream.close()
        if self._opened is not None:
            self._opened.close()


def _told(error: Exception) -> str:
    """Return what an error says, which of the system's is its text without the number."""
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
