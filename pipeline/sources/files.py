"""Discover the inputs: files, each holding one or many documents.

Names and contents may be hostile: links are not followed, and special files are listed and never
opened.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pipeline import buckets
from pipeline.errors import SourceError, UsageError
from pipeline.limits import LIKELY_RATIO
from pipeline.sources import named, objects
from pipeline.sources.streams import CHUNK
from pipeline.vocabulary import Status

#: How the names of packed files end. What they hold decides how they are read.
PACKED = (".gz", ".zst", ".bz2", ".xz", ".tgz", ".tzst", ".tbz2", ".txz", ".zip")

#: What stands between the path of a file and the place within it, in the paths of documents.
WITHIN = "!"

#: The most that a file of any size counts for.
_MOST_BYTES = 2**50
#: In the year 2262.
_LAST_NS = 2**63 - 1

#: How the reason of an entry begins that stands for all that may be below it.
UNLISTED = "the directory cannot be listed"


class InputFile(NamedTuple):
    """A file to read, or an entry that cannot be.

    Attributes:
        path: how it is named in the tables: by its real path, as text, or its URL, or `-`.
        opened: the path to open, in the file system's own bytes, or the URL.
        size: bytes on disk.
        skipped: why it is not read at all, else None.
        status: with `skipped`, the status of its row.
        modified_ns: when it was last modified, in nanoseconds since 1970.
        inode: its number in the file system.
        tag: of an object in a bucket, by what the server tells its contents apart.
    """

    path: str
    opened: bytes
    size: int
    skipped: str | None = None
    status: Status | None = None
    modified_ns: int = 0
    inode: int = 0
    tag: str = ""

    @property
    def weight(self) -> int:
        """About how many bytes must be parsed, as far as can be told before it is read."""
        # asked of every file, and hardly one is packed
        return self.size * LIKELY_RATIO if self.path.lower().endswith(PACKED) else self.size


# -- discover ---------------------------------------------------------------------------------


def discover(
    sources: Iterable[str | Path], warehouse: Path | None = None, spool: Path | None = None
) -> Iterator[InputFile]:
    """Return what yields every entry below the sources, in no order, once for each source.

    Links below a source are listed but not followed; a source itself may be a link. However it is
    spelled, what it leads to goes by its real path: the same file is the same document.

    Args:
        sources: directories, files, patterns of their names, `@` and a file that lists them, `-`
            for standard input, and URLs of buckets, of prefixes in them and of objects.
        warehouse: a directory that is no input, though it may stand below a source.
        spool: the file that receives standard input when the entries are asked for: the processes
            that read it have another one, and some of it is read twice.

    Raises:
        UsageError: a source is empty, or lies where builds write into the warehouse, or it is
            standard input, which is a terminal.
        SourceError: a source does not exist, is neither a file nor a directory, or is the
            warehouse, or a pattern matches nothing; at once, not when the entries are asked for.
    """
    output = os.path.realpath(os.fsencode(warehouse)) if warehouse else None
    found = [_source(os.fsencode(source), output, spool) for source in named.settled(sources)]
    return chain.from_iterable(found)


def prefixes(sources: Iterable[str | Path]) -> list[str]:
    """Return how the path begins, in the tables, of all that stands in each source, sorted.

    That of a directory ends in `/`; that of a file is its path. That of a pattern is the directory
    in which it begins.
    """
    return sorted({_prefix(os.fsencode(source)) for source in named.settled(sources)})


def _prefix(source: bytes) -> str:
    if source == named.STANDARD_INPUT or buckets.is_url(source):
        return shown(source)
    if pattern := named.pattern(source):
        source = pattern.base
    real = os.path.realpath(source)
    return shown(os.path.join(real, b"") if os.path.isdir(real) else real)  # noqa: PTH112, PTH118 - bytes


def _source(source: bytes, output: bytes | None, spool: Path | None) -> Iterator[InputFile]:
    if not source:
        # normalised, it would be the working directory
        message = "a source is empty, as by a variable of the shell that is not set; name it"
        raise UsageError(message)
    if source == named.STANDARD_INPUT:
        return _standard_input(spool)
    if buckets.is_url(source):
        return map(_stored, objects.listed(os.fsdecode(source)))
    if pattern := named.pattern(source):
        return _matched(source, pattern, output)
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


def _stored(found: objects.Object) -> InputFile:
    opened = os.fsencode(found.address)
    if found.problem is not None:
        return _unreadable(opened, f"{UNLISTED}: {found.problem}")
    size, stamp = min(found.size, _MOST_BYTES), 0 if found.is_tagged else _LAST_NS
    return InputFile(shown(opened), opened, size, None, None, stamp, 0, found.tag)


def _standard_input(spool: Path | None) -> Iterator[InputFile]:
    if spool is None or sys.stdin.isatty():
        message = "standard input is a terminal: pipe documents into it, or name files"
        raise UsageError(message)
    return _spooled(spool)


def _spooled(spool: Path) -> Iterator[InputFile]:
    """Write standard input to a file, and yield it; it is read each time it is named.

    Raises:
        SourceError: it breaks, or nothing comes.
        OSError: there is no room for it.
    """
    with spool.open("wb") as file:
        while data := _next_of_standard_input():
            file.write(data)
    opened, size = os.fsencode(spool), spool.stat().st_size
    if not size:
        message = "standard input is empty: what should have written to it may have failed"
        raise SourceError(message)
    yield InputFile(shown(named.STANDARD_INPUT), opened, size, None, None, _LAST_NS)


def _next_of_standard_input() -> bytes:
    try:
        return sys.stdin.buffer.read(CHUNK)
    except OSError as error:
        message = f"standard input cannot be read: {error.strerror}"
        raise SourceError(message) from None


def _matched(source: bytes, pattern: named.Pattern, output: bytes | None) -> Iterator[InputFile]:
    """Return what yields the entries that a pattern matches, and all below those directories.

    Raises:
        UsageError: it begins where builds write into the warehouse.
        SourceError: nothing matches it.
    """
    base = os.path.realpath(pattern.base)
    if output is not None:
        _hold_apart(source, base, output)
    matching = _matching(base, pattern, output) if os.path.isdir(base) else iter(())  # noqa: PTH112 - bytes
    first = next(matching, None)
    if first is None:
        message = f"cannot read the source {shown(source)}: nothing matches it"
        raise SourceError(message)
    return chain([first], matching)


def _matching(base: bytes, pattern: named.Pattern, output: bytes | None) -> Iterator[InputFile]:
    """Yield the entries that a pattern matches; a directory that cannot be listed may hold some."""
    pending = [(base, pattern.begin())]
    while pending:
        current, states = pending.pop()
        if pattern.ends(states):
            yield from _walk(current, output)
            continue
        if current == output:
            continue
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    after = pattern.follow(states, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        pending.extend([(entry.path, after)] if after else [])
                    elif pattern.ends(after):
                        yield _scanned(entry)
        except OSError as error:
            yield _unreadable(current, f"{UNLISTED}: {error.strerror}")


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
    r"""Return a path as text; bytes that are no UTF-8 become `\xNN`, and `\` is doubled.

    So does `!`, which stands before the name of a member of an archive, and NUL, which it may hold.
    """
    named = os.fsencode(path).replace(b"\\", b"\\\\").replace(b"!", rb"\x21")
    return named.replace(b"\0", rb"\x00").decode("utf-8", "backslashreplace")


_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-f]{2}))")


def opened(path: str) -> bytes:
    """Return the bytes of a path that `shown` made a text."""

    def byte(found: re.Match[bytes]) -> bytes:
        return bytes.fromhex(found[1].decode()) if found[1] else b"\\"

    return _ESCAPE.sub(byte, path.encode())


def file_of(path: str) -> str:
    """Return the path of the file, of the path of a document that may stand within it."""
    return path.partition(WITHIN)[0]
