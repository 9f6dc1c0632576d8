"""Times in the documents (docs/format.md, "Shapes")."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# stricter than `fromisoformat`, which accepts an offset of 99 minutes
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = re.compile(
    rf"\d{{4}}-\d\d-\d\dT{_CLOCK}:[0-5]\d(?:\.\d{{1,6}})?(?:Z|[+-]{_CLOCK})", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000_000, 1_000_000


def _since_epoch(time: datetime) -> int:
    # `// timedelta(microseconds=1)` takes twice as long
    since = time - _EPOCH
    return since.days * _DAY + since.seconds * _SECOND + since.microseconds


_FIRST = _since_epoch(datetime.min.replace(tzinfo=UTC))
_LAST = _since_epoch(datetime.max.replace(tzinfo=UTC))


def microseconds(text: str) -> int | None:
    """Return a time as microseconds since 1970 in UTC, or None if it is not one.

    Accepted is RFC 3339 with a `T`, an offset or `Z`, and at most six digits of a fraction:
    what the registry writes. A time without an offset names no instant. Python cannot show a leap
    second, or a time outside the years 1 to 9999 in UTC.
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        found = _since_epoch(datetime.fromisoformat(text))
    except ValueError:
        return None
    return found if _FIRST <= found <= _LAST else None
