"""The files that commands write for others: whole or as they were; what is no file stays so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream of what becomes a file's content, all at once, if nothing fails.

    A link stays one: what it points at is replaced. A device or a FIFO is written to.

    Raises:
        OSError: it cannot be written.
    """
    target = _replaced(path)
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
    target = _replaced(path)
    if target is None:
        return not path.is_dir() and os.access(path, os.W_OK)
    return target.parent.is_dir() and os.access(target.parent, os.W_OK)


def _replaced(path: Path) -> Path | None:
    """Return the file to be replaced, or made; None if there is something that is no file."""
    return path.resolve() if path.is_file() or not path.exists() else None
