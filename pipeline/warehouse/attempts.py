"""The end of each build, failed builds included: `attempts.jsonl`.

The file stands beside the snapshots. The tables do not hold it, so that the same inputs give the
same tables after any number of failed nights.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline.errors import FINDINGS, PithEtlError
from pipeline.outputs import replacing
from pipeline.text import one_line
from pipeline.warehouse.snapshot import current, manifest

FILE = "attempts.jsonl"
#: How many of the last attempts are kept, and how many characters of a reason.
_KEPT = 100
_REASON = 1000


class Attempt(msgspec.Struct, frozen=True):
    """The end of one build: when, its exit code, and, if it failed, why."""

    at: datetime
    exit_code: int
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the build published nothing, or could not write a file."""
        return self.exit_code not in {0, FINDINGS}

    @property
    def told(self) -> str:
        """Return the time and the reason of the failure, on one line, harmless to a terminal."""
        return f"failed at {self.moment}: {self.why}"

    @property
    def moment(self) -> str:
        """Return the time when the build ended."""
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def why(self) -> str:
        """Return the reason, on one line, harmless to a terminal."""
        return one_line(self.reason or "")


def ended(exit_code: int, reason: str | None = None) -> Attempt:
    """Return the attempt that ends now."""
    return Attempt(datetime.now(UTC), exit_code, reason and reason[:_REASON])


def kept(warehouse: Path) -> list[Attempt]:
    """Return the last attempts, the oldest first; a line that cannot be read is left out."""
    found = []
    for line in _lines(warehouse):
        with suppress(msgspec.DecodeError):
            found.append(msgspec.json.decode(line, type=Attempt))
    return found


def _lines(warehouse: Path) -> list[bytes]:
    try:
        return (warehouse / FILE).read_bytes().splitlines()
    except OSError:
        return []


def keep(warehouse: Path, attempt: Attempt) -> None:
    """Keep an attempt, if the warehouse can be written. A build never fails for this."""
    if not (warehouse / "lock").exists():
        # no build ever wrote there: the path may be mistyped
        return
    with suppress(OSError), _alone(warehouse):
        lines = [*_lines(warehouse), msgspec.json.encode(attempt)]
        with replacing(warehouse / FILE) as stream:
            stream.writelines(line + b"\n" for line in lines[-_KEPT:])


@contextmanager
def _alone(warehouse: Path) -> Iterator[None]:
    """Hold a lock on the attempts; the lock of builds may belong to a running build.

    Raises:
        OSError: the directory does not exist.
    """
    directory = os.open(warehouse, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def last_success(warehouse: Path) -> datetime | None:
    """Return when a build last ended well, as far as is known.

    If no attempt says, this is the time of the published snapshot.
    """
    for attempt in reversed(kept(warehouse)):
        if not attempt.failed:
            return attempt.at
    try:
        return datetime.fromisoformat(manifest(current(warehouse)).created_at)
    except PithEtlError:
        return None
