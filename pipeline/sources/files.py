"""Discover and read the inputs: files in directories, each holding one or many documents.

Everything here meets hostile names and contents: links are not followed, special files not
opened, archives never unpacked to disk, and nothing is read beyond its limit.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple, Self

import orjson
import pyarrow as pa

from pipeline.documents.ijson import WHITESPACE
from pipeline.documents.packing import HEAD_BYTES, ONE_EACH, packing
from pipeline.errors import SourceError, UsageError
from pipeline.limits import LIKELY_RATIO, Limits

_CODECS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
PACKED = tuple(_CODECS)
_LINES = (".jsonl", ".ndjson")
_CHUNK = 2**20

#: The most that a file of any size counts for.
_MOST_BYTES = 2**50
#: In the year 2262.
_LAST_NS = 2**63 - 1

#: How the reason of an entry begins that stands for all that may be below it.
UNLISTED = "the directory cannot be listed"


class InputFile(NamedTuple):
    """A file to read, or an entry that cannot be.

    Attributes:
        path: how it is named in the tables: by its real path, as text.
        opened: the path to open, in the file system's own bytes.
        size: bytes on disk.
        skipped: why it is not read at all, else None.
        status: with `skipped`, the status of its row.
        modified_ns: when it was last modified, in nanoseconds since 1970.
        inode: its number in the file system.
    """

    path: str
    opened: bytes
    size: int
    skipped: str | None = None
    status: str | None = None
    modified_ns: int = 0
    inode: int = 0

    @property
    def codec(self) -> str | None:
        """The compression that its name announces, if any."""
        name = self.path.lower()
        # asked of every file, and hardly one is packed
        if not name.endswith(PACKED):
            return None
        return _CODECS.get(os.path.splitext(name)[1])  # noqa: PTH122 - not a Path

    @property
    def weight(self) -> int:
        """About how many bytes must be parsed, as far as can be told before it is read."""
        return self.size * LIKELY_RATIO if self.codec else self.size

    @property
    def many(self) -> bool:
        """Whether its name announces a document a line."""
        name = self.path.lower()
        if self.codec:
            name = os.path.splitext(name)[0]  # noqa: PTH122 - not a Path
        return name.endswith(_LINES)


class RawDocument(NamedTuple):
    """A document as it was found; `raw` is None where it could not be read at all."""

    path: str
    position: int
    size: int | None
    sha256: str | None
    raw: bytes | None
    status: str | None = None
    reason: str | None = None


# -- discover ---------------------------------------------------------------------------------


def discover(sources: Iterable[str | Path], warehouse: Path | None = None) -> Iterator[InputFile]:
    """Return what yields every entry below the sources, in no order, once for each source.

    Links below a source are listed but not followed; a source itself may be a link. However it is
    spelled, what it leads to goes by its real path: the same file is the same document.

    Args:
        sources: directories and files.
        warehouse: a directory that is no input, though it may stand below a source.

    Raises:
        UsageError: a source is empty, or lies where builds write into the warehouse.
        SourceError: a source does not exist, is neither a file nor a directory, or is the
            warehouse; at once, not when the entries are asked for.
    """
    output = os.path.realpath(os.fsencode(warehouse)) if warehouse else None
    return chain.from_iterable([_source(os.fsencode(source), output) for source in sources])


def prefixes(sources: Iterable[str | Path]) -> list[str]:
    """Return how the path begins, in the tables, of all that stands in each source, sorted.

    That of a directory ends in `/`; that of a file is its path.
    """
    return sorted({_prefix(os.fsencode(source)) for source in sources})


def _prefix(source: bytes) -> str:
    real = os.path.realpath(source)
    return shown(os.path.join(real, b"") if os.path.isdir(real) else real)  # noqa: PTH112, PTH118 - bytes


def _source(source: bytes, output: bytes | None) -> Iterator[InputFile]:
    if not source:
        # normalised, it would be the working directory
        message = "a source is empty, as by a variable of the shell that is not set; name it"
        raise UsageError(message)
    try:
        status = os.stat(source)  # noqa: PTH116 - bytes, not a Path
    except OSError as error:
        message = f"cannot read the source {shown(source)}: {error.strerror}"
        raise SourceError(message) from None
    # the operator may name a link, which reading would otherwise refuse
    real = os.path.realpath(source)
    if output is not None:
        _hold_apart(source, real, output)
    if stat.S_ISDIR(status.st_mode):
        return _walk(real, output)
    if not stat.S_ISREG(status.st_mode):
        message = f"cannot read the source {shown(source)}: it is neither a file nor a directory"
        raise SourceError(message)
    return iter([_entry(real, status)])


def _hold_apart(source: bytes, real: bytes, output: bytes) -> None:
    """Refuse a source that is the warehouse, or lies where builds write and delete.

    Raises:
        UsageError: it lies there.
        SourceError: it is the warehouse, of which nothing would be read.
    """
    if real == output:
        message = f"cannot read the source {shown(source)}: it is the warehouse"
        raise SourceError(message)
    for name in (b"snapshots", b"staging"):
        folder = os.path.realpath(os.path.join(output, name))  # noqa: PTH118 - bytes
        if os.path.commonpath([real, folder]) == folder:
            message = (
                f"the source {shown(source)} lies in {shown(folder)}, where builds write and "
                "delete; move the documents elsewhere"
            )
            raise UsageError(message)


def _walk(source: bytes, output: bytes | None) -> Iterator[InputFile]:
    """Yield the entries below a directory, without recursion: depth is the attacker's."""
    pending = [source]
    while pending:
        current = pending.pop()
        if current == output:
            continue
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        yield _scanned(entry)
        except OSError as error:
            yield _unreadable(current, f"{UNLISTED}: {error.strerror}")


def _scanned(entry: os.DirEntry[bytes]) -> InputFile:
    try:
        return _entry(entry.path, entry.stat(follow_symlinks=False))
    except OSError as error:
        return _unreadable(entry.path, error.strerror or "it cannot be read")


def _entry(opened: bytes, status: os.stat_result) -> InputFile:
    # also of what is skipped, which may become a thing of another kind
    stamp = _modified_ns(status), status.st_ino
    path = shown(opened)
    if stat.S_ISREG(status.st_mode):
        # files with holes may be so large that 64 bits cannot hold the sum of two
        size = min(status.st_size, _MOST_BYTES)
        return InputFile(path, opened, size, None, None, *stamp)
    kind = "a link, which is not followed" if stat.S_ISLNK(status.st_mode) else "no regular file"
    return InputFile(path, opened, 0, kind, "skipped", *stamp)


def _modified_ns(status: os.stat_result) -> int:
    """Return when a file was modified; a time that 64 bits cannot hold becomes their last one.

    That time lies in the future, so no stamp of the file is kept, and each build reads it.
    """
    return status.st_mtime_ns if abs(status.st_mtime_ns) < _LAST_NS else _LAST_NS


def _unreadable(opened: bytes, reason: str) -> InputFile:
    return InputFile(shown(opened), opened, 0, reason, "unreadable")


def shown(path: str | bytes) -> str:
    r"""Return a path as text; bytes that are no UTF-8 become `\xNN`, and `\` is doubled."""
    return os.fsencode(path).replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


# -- read -------------------------------------------------------------------------------------

#: A document in its file: its position, its size and its bytes, which are None if too many.
_Piece = tuple[int, int, bytes | None]


def read_documents(file: InputFile, limits: Limits) -> Iterator[RawDocument]:
    """Yield every document of a file, and a row without `raw` for what cannot be read."""
    if file.skipped is not None:
        yield RawDocument(file.path, 1, None, None, None, file.status, file.skipped)
        return
    position = 0
    try:
        with _open(file, limits) as opened:
            stream = _Begun(opened)
            # if reading stopped early, only a plain file has a known size
            whole = None if file.codec else file.size
            head = stream.peek(HEAD_BYTES)
            if reason := packing(head):
                yield RawDocument(file.path, 1, whole, None, None, "refused", reason)
                return
            many = file.many or _is_lines(stream.peek(limits.document_bytes + 1))
            documents = _lines(stream, limits) if many else (_whole(stream, limits),)
            for position, size, raw in _until_crumbs(documents, limits):
                if raw is not None:
                    yield _found(file.path, position, raw)
                    continue
                array = not many and head.lstrip(WHITESPACE).startswith(b"[")
                reason = _too_large(limits, array=array)
                yield RawDocument(file.path, position, size or whole, None, None, "refused", reason)
        # a file of lines without lines holds no document; a file of one document must hold one
        if not position and not file.many:
            yield _found(file.path, 1, b"")
    except OSError as error:
        # pyarrow raises OSError without a number for a broken archive
        reason = error.strerror or str(error)
        yield RawDocument(file.path, position + 1, None, None, None, "unreadable", reason)


def _until_crumbs(documents: Iterable[_Piece], limits: Limits) -> Iterator[_Piece]:
    """Yield documents; raise OSError when they are too many for what they hold."""
    total = 0
    for count, document in enumerate(documents, 1):
        yield document
        total += document[1]
        if count > limits.batch_documents and total < count * limits.mean_bytes:
            message = (
                f"more than {limits.batch_documents} documents of fewer than "
                f"{limits.mean_bytes} bytes on average"
            )
            raise OSError(message)


def _found(path: str, position: int, raw: bytes) -> RawDocument:
    return RawDocument(path, position, len(raw), hashlib.sha256(raw).hexdigest(), raw)


def _too_large(limits: Limits, *, array: bool) -> str:
    most = f"larger than {limits.document_bytes} bytes"
    if array:
        return f"a JSON array {most}: {ONE_EACH}"
    return f"{most} at byte {limits.document_bytes}"


#: How much of an archive is read at a time: where that fails, it is read again in smaller steps.
_STEPS = (_CHUNK, 4096, 1)


class _Archive:
    """A packed file that is unpacked up to the byte where it breaks.

    pyarrow returns nothing of a read that fails. The file is then unpacked again up to where the
    read began, and read on in smaller steps, so that each whole line before the break is found.
    """

    def __init__(self, file: IO[bytes], codec: str) -> None:
        self._file = file
        self._codec = codec
        self._read = 0
        self._steps = list(_STEPS)
        # Python's gzip passes over the zeros that tapes and sparse copies leave behind a member
        self._stream = gzip.GzipFile(fileobj=file) if codec == "gzip" else self._reopened()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the file is broken right here.
        """
        while True:
            try:
                data: bytes = self._stream.read1(min(size, self._steps[0]))
            except (OSError, EOFError, zlib.error):
                if len(self._steps) == 1:
                    raise
                self._steps.pop(0)
                self._resume()
            else:
                self._read += len(data)
                return data

    def _reopened(self) -> pa.NativeFile:
        # a separate descriptor, because pyarrow closes the one it reads
        again = os.fdopen(os.dup(self._file.fileno()), "rb", buffering=0)
        again.seek(0)
        return pa.CompressedInputStream(pa.PythonFile(again, mode="r"), self._codec)

    def _resume(self) -> None:
        self._stream.close()
        self._stream = self._reopened()
        left = self._read
        while left:
            data = self._stream.read(min(left, _CHUNK))
            if not data:
                message = "the file changed while it was read"
                raise OSError(message)
            left -= len(data)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()


class _Bounded:
    """A stream that raises OSError where an archive unpacks beyond its limits; not before."""

    def __init__(self, stream: _Archive, packed: int, limits: Limits) -> None:
        self._stream = stream
        self._read = 0
        self._most = min(limits.file_bytes, packed * limits.ratio)

    def read(self, size: int) -> bytes:
        left = self._most - self._read
        try:
            data = self._stream.read(min(size, max(left, 1)))
        except OSError as error:
            message = f"{error.strerror or error} at byte {self._read}"
            raise OSError(message) from error
        if data and not left:
            message = (
                f"the archive unpacks to more than {self._most} bytes; if it is right, unpack it"
            )
            raise OSError(message)
        self._read += len(data)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class _Begun:
    """A stream whose beginning can be looked at before it is read."""

    def __init__(self, stream: IO[bytes] | _Bounded) -> None:
        self._stream = stream
        self._ahead = b""
        self._ended = False
        self._broken = ""

    def peek(self, size: int) -> bytes:
        """Return the beginning: `size` bytes or more, or all up to the end or a break."""
        chunks = [self._ahead]
        while not self._ended and not self._broken and size > sum(map(len, chunks)):
            try:
                # as a rule the first chunk is the file
                chunks.append(self._stream.read(_CHUNK))
            except OSError as error:
                # what comes before the break is read first
                # its text: an error that is kept keeps its frames, and they this stream
                self._broken = error.strerror or str(error)
            else:
                self._ended = not chunks[-1]
        self._ahead = b"".join(chunks)
        return self._ahead

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            OSError: the file is broken right here.
        """
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        if self._broken:
            raise OSError(self._broken)
        return b"" if self._ended else self._stream.read(size)


def _open(file: InputFile, limits: Limits) -> IO[bytes] | _Bounded:
    """Open a regular file, unpacking it as its name announces.

    The checks that discover made are made again on what was really opened, because a
    directory may change in between.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(file.opened, flags)
    stream = os.fdopen(descriptor, "rb", buffering=0)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        stream.close()
        message = "it is no regular file any more"
        raise OSError(message)
    if file.codec is None:
        return stream
    # of one document it is refused as empty, like a plain file
    if file.many and not status.st_size:
        stream.close()
        message = "the archive is cut to nothing at byte 0"
        raise OSError(message)
    return _Bounded(_Archive(stream, file.codec), status.st_size, limits)


#: What follows a line where another begins an object.
_ANOTHER = re.compile(rb"[ \t\r\n]*\{")


def _is_lines(head: bytes) -> bool:
    """Tell whether a file holds a document a line, whatever its name: no document is lost by it.

    Behind a first line that is a whole JSON object another line begins one: together they are no
    JSON, and would be refused.
    """
    start = head.lstrip(WHITESPACE)
    end = start.find(b"\n")
    if end < 0 or not start.startswith(b"{") or not _ANOTHER.match(start, end):
        return False
    try:
        return isinstance(orjson.loads(start[:end]), dict)
    except ValueError:
        return False


def _whole(stream: _Begun, limits: Limits) -> _Piece:
    """Return the one document of a file as (position, size, raw), (1, 0, None) if too large."""
    chunks, size = list[bytes](), 0
    while size <= limits.document_bytes:
        chunk = stream.read(min(_CHUNK, limits.document_bytes + 1 - size))
        if not chunk:
            return 1, size, b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
    return 1, 0, None


def _lines(stream: _Begun, limits: Limits) -> Iterator[_Piece]:
    """Yield the documents of an NDJSON file as (line from 1, size, raw or None if too large).

    Blank lines hold nothing and are passed over. A line beyond the limit is never held whole.
    """
    line, size, held = 1, 0, list[bytes]()
    while chunk := stream.read(_CHUNK):
        pieces = chunk.split(b"\n")
        for index, piece in enumerate(pieces):
            if index:
                yield from _line(line, size, held)
                line, size, held = line + 1, 0, []
            size += len(piece)
            if size <= limits.document_bytes:
                held.append(piece)
            else:
                held = []
    yield from _line(line, size, held)


def _line(line: int, size: int, held: list[bytes]) -> Iterator[_Piece]:
    raw = b"".join(held)
    if size and not held:
        yield line, size, None
    elif raw.strip(WHITESPACE):
        raw = raw.removesuffix(b"\r")
        yield line, len(raw), raw
