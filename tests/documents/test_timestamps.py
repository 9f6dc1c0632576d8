"""Times: which texts name an instant, and which do not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents.timestamps import microseconds
from tests.paths import SAMPLES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ACCEPTED = {
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01T00:00:00+00:00": 0,
    "1970-01-01T00:00:00-00:00": 0,
    "1970-01-01T01:00:00+01:00": 0,
    "1969-12-31T18:30:00-05:30": 0,
    "1969-12-31T23:59:59.999999Z": -1,
    "1970-01-01T00:00:00.000001Z": 1,
    "1970-01-01T00:00:00.1Z": 100_000,
    "1970-01-01T00:00:00.12345Z": 123_450,
    "2026-05-18T01:25:17.434730+00:00": 1_779_067_517_434_730,
    "2026-05-18T01:25:17Z": 1_779_067_517_000_000,
    "2024-02-29T00:00:00Z": 1_709_164_800_000_000,
    "0001-01-01T00:00:00Z": -62_135_596_800_000_000,
    "9999-12-31T23:59:59.999999Z": 253_402_300_799_999_999,
}

REFUSED = [
    "",
    "now",
    "2026-05-18",
    "2026-05-18T01:25:17",  # no offset: no instant
    "2026-05-18 01:25:17Z",
    "2026-05-18t01:25:17z",
    "2026-05-18T01:25Z",
    "2026-05-18T01:25:17.Z",
    "2026-05-18T01:25:17,5Z",
    "2026-05-18T01:25:17.4347301Z",  # a seventh digit would be lost
    "2026-05-18T01:25:17+0000",
    "2026-05-18T01:25:17+00",
    "2026-05-18T01:25:17+00:00:00",
    "2026-05-18T01:25:17Z\n",
    " 2026-05-18T01:25:17Z",
    "2026-05-18T01:25:17ZZ",
    "20260518T012517Z",
    "2026-W21-1T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-05-18T24:00:00Z",
    "2026-05-18T23:60:00Z",
    "2026-05-18T23:59:60Z",  # a leap second
    "2026-05-18T00:00:00+24:00",
    "2026-05-18T00:00:00+00:60",
    "2026-05-18T00:00:00+00:99",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",  # before the year 1 in UTC
    "9999-12-31T23:59:59-00:01",  # after the year 9999 in UTC
    "-2026-05-18T00:00:00Z",
    "+12026-05-18T00:00:00Z",
    "٢٠٢٦-05-18T00:00:00Z",  # digits, but not of ASCII
    "1779067517",
    "NaT",
    "infinity",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    """A time with its offset is the microseconds since 1970 in UTC."""
    assert microseconds(text) == ACCEPTED[text]


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_refused(text: str) -> None:
    """A text that is not an instant to the microsecond gives None and raises nothing."""
    assert microseconds(text) is None


OFFSETS = st.integers(-(24 * 60 - 1), 24 * 60 - 1).map(lambda m: timezone(timedelta(minutes=m)))
TIMES = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis wants the bounds without a zone
    datetime(9999, 12, 29),  # noqa: DTZ001 - see above
    timezones=OFFSETS,
)


@given(TIMES)
def test_any_time(time: datetime) -> None:
    """Any time at any offset comes back to the microsecond."""
    found = microseconds(time.isoformat())
    assert found is not None
    assert EPOCH + timedelta(microseconds=found) == time


@given(st.text("0123456789-:.TZ+", max_size=32))
def test_any_text(text: str) -> None:
    """No text of a time's characters raises; one that is accepted is the time that Python reads."""
    found = microseconds(text)
    assert found is None or EPOCH + timedelta(microseconds=found) == datetime.fromisoformat(text)


def times(value: object) -> list[str]:
    """Return each text in a document whose field is named as a time."""
    if isinstance(value, list):
        return [text for item in value for text in times(item)]
    if not isinstance(value, dict):
        return []
    nested = [text for item in value.values() for text in times(item)]
    return nested + [v for k, v in value.items() if k.endswith("_at") and isinstance(v, str)]


def test_real_times() -> None:
    """Every time in the real documents names an instant."""
    found = [text for path in SAMPLES.iterdir() for text in times(json.loads(path.read_bytes()))]
    assert len(found) > 100
    assert all(microseconds(text) is not None for text in found)
