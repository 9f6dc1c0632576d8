"""The digest of a file, and whether a file still has it."""

from __future__ import annotations

from pathlib import Path


def file_sha256(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex.

    Raises:
        OSError: it cannot be read.
    """
    import hashlib  # noqa: PLC0415 - a query starts faster without it

    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_intact(file: Path, sha256: str | None) -> bool:
    """Tell whether a file can be read and has this digest."""
    try:
        return file_sha256(file) == sha256
    except OSError:
        return False
