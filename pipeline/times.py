"""Times in the documents (docs/format.md, "Shapes")."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(text: str) -> int | None:
    """Return a time as microseconds since 1970 in UTC, or None if it is not one.

    Accepted is RFC 3339 with a `T`, an offset or `Z`, and at most six digits of a fraction:
    what the registry writes. A time without an offset names no instant.
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None
