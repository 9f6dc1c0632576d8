"""Times in the documents (docs/format.md, "Shapes")."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# stricter than `fromisoformat`, which accepts an offset of 99 minutes
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = re.compile(
    rf"\d{{4}}-\d\d-\d\dT{_CLOCK}:[0-5]\d(?:\.\d{{1,6}})?(?:Z|[+-]{_CLOCK})", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(text: str) -> int | None:
    """Return a time as microseconds since 1970 in UTC, or None if it is not one.

    Accepted is RFC 3339 with a `T`, an offset or `Z`, and at most six digits of a fraction:
    what the registry writes. A time without an offset names no instant. Python cannot show a leap
    second, or a time outside the years 1 to 9999 in UTC.
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text).astimezone(UTC) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None
