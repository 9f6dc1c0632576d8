"""The ranges of Pith numbers by which tables are divided: a table has one file for each range.

A range holds at most `MOST_PAPERS` papers. The bounds depend on the papers alone: the range of all
numbers is halved, first between years and then between ids, as long as a half holds too many. So
new papers, which have the numbers of the newest years, fall into the last ranges, and most ranges
stay as they are from night to night.

A key (`sql/steps/number_key.sql`) stands for a number. What has no number has the last key.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from pipeline import session
from pipeline.duck import Connection
from pipeline.stage.order import ALPHABET, KEY_SHIFT, KEYS

#: A range with more papers is halved.
MOST_PAPERS = 25_000


class Range(NamedTuple):
    """The numbers whose key is at least `low` and less than `high`."""

    low: int
    high: int

    @property
    def name(self) -> str:
        """The year and the first characters of an id from which it goes on; sorts as the ranges."""
        year, first, second = self.low >> 10, self.low >> 5 & 31, self.low & 31
        return f"{year:04}-{ALPHABET[first]}{ALPHABET[second] if second else ''}"

    def holds(self, number: str = "pith_number") -> str:
        """Return the SQL condition that a number is in this range."""
        if self == EVERYTHING:
            return "true"
        return f"number_key({number}) between {self.low} and {self.high - 1}"

    def holds_doc(self, doc: str = "doc") -> str:
        """Return the SQL condition that a document's number, by `stage.order`, is in this range."""
        if self == EVERYTHING:
            return "true"
        return f"{doc} >= {self.low << KEY_SHIFT} and {doc} < {self.high << KEY_SHIFT}"


#: The range of all numbers.
EVERYTHING = Range(0, KEYS)


def create_key(connection: Connection) -> None:
    """Create the macro `number_key(number)`."""
    connection.execute(f"create macro number_key(number) as ({session.query('number_key')})")


def find(connection: Connection) -> list[Range]:
    """Return the ranges of this build's papers, in order; together they hold all numbers.

    Args:
        connection: with `live`, the views of the parts and `number_key`.
    """
    papers = connection.execute(session.query("paper_keys"), {"bits": KEY_SHIFT}).fetchall()
    return split(papers, MOST_PAPERS)


def split(papers: Sequence[tuple[int, int]], most: int) -> list[Range]:
    """Return the ranges of papers.

    Args:
        papers: (key, how many papers have it), by key.
        most: how many papers a range holds at most, unless all have one key.
    """
    keys = [key for key, _ in papers]
    totals = [0, *accumulate(count for _, count in papers)]

    def lows(low: int, high: int) -> list[int]:
        held = totals[bisect_left(keys, high)] - totals[bisect_left(keys, low)]
        if held <= most or high - low == 1:
            return [low] if held else []
        middle = (low + high) // 2
        return lows(low, middle) + lows(middle, high)

    # a range goes on to the next one, so that every number is in one
    bounds = [0, *lows(0, KEYS)[1:], KEYS]
    return [Range(*bound) for bound in pairwise(bounds)]


def range_of(key: int, ranges: Sequence[Range]) -> Range:
    """Return the range of a key."""
    return ranges[bisect_right(ranges, (key, KEYS)) - 1]
