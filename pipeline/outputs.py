"""What commands write for others: files whole or as they were; what is no file stays so."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_NUMBERS = {"stdout": 1, "stderr": 2}
_STREAM = re.compile(r"(?:/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/(\d{1,9}))", re.ASCII)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream of what becomes a file's content, all at once, if nothing fails.

    A link stays one: what it points at is replaced. A device or a FIFO is written to, and a
    stream of this process, such as `/dev/stdout`, goes on after what was written there.

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


def is_writable(path: Path) -> bool:
    """Tell whether `replacing` can write there, as far as that is known beforehand."""
    if (number := _descriptor(path)) is not None:
        return _is_open(number)
    target = _replaced(path)
    if target is None:
        return not path.is_dir() and os.access(path, os.W_OK)
    return target.parent.is_dir() and os.access(target.parent, os.W_OK)


def _replaced(path: Path) -> Path | None:
    """Return the file to be replaced, or made; None if there is something that is no file."""
    return path.resolve() if path.is_file() or not path.exists() else None


def _descriptor(path: Path) -> int | None:
    """Return the number of the stream that a path names, if it names one.

    To open the path would begin a file behind it anew, and fail where a socket is behind it, as
    for a service of systemd.
    """
    found = _STREAM.fullmatch(str(path))
    return int(found[2] or _NUMBERS[found[1]]) if found else None


def _is_open(number: int) -> bool:
    """Tell whether this process may write to a stream."""
    try:
        return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except OSError:
        return False
