"""Bytes in their order: looked at before they are read, passed over, cut to their part."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Protocol

#: How much is read at a time.
CHUNK = 2**20


class Stream(Protocol):
    """Bytes that are read once, from their beginning to their end."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end; raise OSError where it is broken."""


class Whole(ABC):
    """A file of which any part can be had; it is also read as a stream.

    Attributes:
        size: its bytes.
    """

    size: int

    @abstractmethod
    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; raise OSError where it is broken."""

    @abstractmethod
    def skip(self, size: int) -> int:
        """Pass over up to `size` bytes without reading them; return how many."""

    @abstractmethod
    def at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from a place, none behind the end."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


class Plain(Whole):
    """A regular file as it lies on the disk."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open file."""
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        return os.read(self._descriptor, size)

    def skip(self, size: int) -> int:
        """Pass over up to `size` bytes without reading them; return how many."""
        here = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        there = min(here + size, max(self.size, here))
        os.lseek(self._descriptor, there, os.SEEK_SET)
        return there - here

    def at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from a place, none behind the end."""
        return os.pread(self._descriptor, size, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Held:
    """Bytes in memory, of which any part can be had."""

    def __init__(self, data: bytes) -> None:
        """Hold the bytes."""
        self._data = data
        self.size = len(data)

    def at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from a place, none behind the end."""
        return self._data[offset : offset + size]


class Seekable(Protocol):
    """Bytes of which any part can be had."""

    size: int

    def at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from a place, none behind the end."""


class Extent:
    """The bytes from one place of a file to another, in their order."""

    def __init__(self, file: Seekable, start: int, size: int) -> None:
        """Take so many bytes from a place on."""
        self._file, self._at, self._left = file, start, size

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        data = self._file.at(self._at, min(size, self._left))
        self._at += len(data)
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Do nothing: the file stays open."""


class Begun:
    """A stream whose beginning can be looked at before it is read.

    Where it breaks it stays broken: whoever reads on is told so again.

    Attributes:
        place: how many bytes were read.
    """

    def __init__(self, stream: Stream) -> None:
        """Begin a stream."""
        self._stream = stream
        # what was looked at, and how much of it was read
        self._ahead, self._start = b"", 0
        self._ended = False
        self._broken = ""
        self.place = 0

    def peek(self, size: int) -> bytes:
        """Return what comes: `size` bytes or more, or all up to the end or a break."""
        chunks = [self._ahead[self._start :]]
        held = len(chunks[0])
        while held < size and not self._ended and not self._broken:
            try:
                # as a rule the first chunk is the file
                chunks.append(self._more(CHUNK))
            except OSError:
                # what comes before the break is read first
                break
            held += len(chunks[-1])
        self._ahead, self._start = b"".join(chunks), 0
        return self._ahead

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the stream is broken right here.
        """
        start = self._start
        if start < len(self._ahead):
            data = self._ahead[start : start + size]
            self._start += len(data)
            if self._start == len(self._ahead):
                self._ahead, self._start = b"", 0
        else:
            data = self._more(size)
        self.place += len(data)
        return data

    def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end; for many small parts.

        Raises:
            OSError: the stream is broken before.
        """
        if len(self._ahead) - self._start >= size:
            return self.read(size)
        found = self.peek(size)
        if len(found) < size and self._broken:
            self._more(1)
        return self.read(size)

    def skip(self, size: int) -> int:
        """Pass over up to `size` bytes; return how many there were.

        Raises:
            OSError: the stream is broken before.
        """
        left = size - min(size, len(self._ahead) - self._start)
        self._start += size - left
        self.place += size - left
        if left and isinstance(self._stream, Whole) and not self._ended:
            skipped = self._stream.skip(left)
            self.place += skipped
            left -= skipped
        while left and (data := self.read(min(left, CHUNK))):
            left -= len(data)
        return size - left

    def _more(self, size: int) -> bytes:
        """Return what comes behind all that was looked at."""
        if self._broken:
            raise OSError(self._broken)
        if self._ended:
            return b""
        try:
            data = self._stream.read(size)
        except OSError as error:
            # its text: an error that is kept keeps its frames, and they this stream
            self._broken = error.strerror or str(error)
            raise
        self._ended = not data
        return data


class Part:
    """A part of a stream, from where that is up to a number of bytes."""

    def __init__(self, stream: Begun, size: int) -> None:
        """Take the next `size` bytes of a stream."""
        self._stream = stream
        self.left = size

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the stream is broken, or ends before the part does.
        """
        if not self.left:
            return b""
        data = self._stream.read(min(size, self.left))
        if not data:
            message = f"the archive ends within a member at byte {self._stream.place}"
            raise OSError(message)
        self.left -= len(data)
        return data

    def finish(self) -> None:
        """Pass over what was not read.

        Raises:
            OSError: the stream is broken, or ends before the part does.
        """
        self.left -= self._stream.skip(self.left)
        if self.left:
            message = f"the archive ends within a member at byte {self._stream.place}"
            raise OSError(message)
