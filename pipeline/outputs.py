"""The files that commands write: a file is replaced whole or stays as it was."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

_NUMBERS = {"stdout": 1, "stderr": 2}
_STREAM = re.compile(r"(?:/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/(\d{1,9}))", re.ASCII)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream whose text replaces the file's content at once, unless writing fails.

    If the path is a link, its target is replaced. A device or a FIFO is written to. Text for a
    stream of this process, such as `/dev/stdout`, is appended.

    Raises:
        OSError: it cannot be written.
    """
    target, number = _replaced(path), _descriptor(path)
    if number is not None:
        with os.fdopen(os.dup(number), "wb") as stream:
            yield stream
        return
    if target is None:
        with path.open("wb") as stream:
            yield stream
        return
    aside = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        with aside.open("wb") as stream:
            yield stream
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def put_whole(path: Path) -> Iterator[Path]:
    """Yield a path beside a file, and put what is written there in the file's place.

    Its name is nobody else's: two machines may write equal files in one place at a time.
    """
    aside = path.with_name(f".{path.name}-{uuid4().hex}")
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def is_writable(path: Path) -> bool:
    """Tell whether `replacing` can probably write there."""
    if (number := _descriptor(path)) is not None:
        return _is_open(number)
    target = _replaced(path)
    if target is None:
        return not path.is_dir() and os.access(path, os.W_OK)
    return target.parent.is_dir() and os.access(target.parent, os.W_OK)


def _replaced(path: Path) -> Path | None:
    """Return the file to replace or make; None if the path is not a regular file."""
    return path.resolve() if path.is_file() or not path.exists() else None


def _descriptor(path: Path) -> int | None:
    """Return the number of the stream that a path names, if it names one.

    Opening the path would truncate a file behind it, and would fail for a socket, as a service of
    systemd has.
    """
    found = _STREAM.fullmatch(str(path))
    return int(found[2] or _NUMBERS[found[1]]) if found else None


def _is_open(number: int) -> bool:
    """Tell whether this process may write to a stream."""
    try:
        return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except OSError:
        return False
