"""Groups of documents that are modelled together.

A row of a published table depends on linked documents: they belong to one paper, hold the same
event or signature, or name each other in a chain. Linked documents are a group. The documents of a
paper are one by its number, so only what ties papers to each other needs following
(`sql/session/ties.sql`): few papers of honest documents are tied, and a stranger must pay for each
tie with a document.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from pipeline import session
from pipeline.duck import Connection, row_of
from pipeline.model.ranges import Range, range_of

#: With more ties all documents count as one group.
MOST_TIES = 1_000_000


class Groups:
    """Which papers are tied together, by the names that `ties` gives them."""

    def __init__(self, ties: Iterable[tuple[str, str]]) -> None:
        """Join the two ends of each tie."""
        self._next: dict[str, str] = {}
        for one, other in ties:
            self._next[self.of(one)] = self.of(other)

    def of(self, name: str) -> str:
        """Return the name that stands for all of a group."""
        while (after := self._next.get(name, name)) != name:
            # the way gets shorter for whoever comes next
            self._next[name] = self._next.get(after, after)
            name = after
        return name


def find_ties(connection: Connection) -> bool:
    """Create `ties`; tell whether they are few enough to be followed.

    Args:
        connection: with `known`, the documents whose ties count, and the views of the parts.
    """
    session.create_view(connection, "links")
    session.create_table(connection, "ties")
    (count,) = row_of(connection, "select count(*) from ties")
    return bool(count <= MOST_TIES)


def reach_several(connection: Connection, ranges: Sequence[Range]) -> None:
    """Create `reached`, the papers whose groups are in several ranges.

    Args:
        connection: with `ties`.
        ranges: of this build.
    """
    ties = _ties(connection)
    groups, found = Groups(ties), dict[str, set[Range]]()
    keyed = "select holder, holder_key from ties union select link, link_key from ties"
    for name, key in _rows(connection, f"from ({keyed}) where holder_key is not null"):
        found.setdefault(groups.of(name), set()).add(range_of(key, ranges))
    several = {group for group, held in found.items() if len(held) > 1}
    _take_reached(connection, _tied(ties, groups, several))


def reach_touched(connection: Connection) -> None:
    """Create `reached`, the papers of the documents in `touched` and all tied to them.

    Args:
        connection: with `ties` and `touched`.
    """
    ties = _ties(connection)
    groups = Groups(ties)
    touched = [name for (name,) in _rows(connection, session.query("touched_papers"))]
    wanted = set(map(groups.of, touched))
    _take_reached(connection, chain(touched, _tied(ties, groups, wanted)))


def _tied(ties: Iterable[tuple[str, str]], groups: Groups, wanted: Container[str]) -> Iterator[str]:
    """Yield both ends of the ties of some groups: a link may be the number of a paper itself."""
    return (name for tie in ties for name in tie if groups.of(name) in wanted)


def _ties(connection: Connection) -> list[tuple[Any, ...]]:
    return _rows(connection, "select holder, link from ties")


def _rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _take_reached(connection: Connection, holders: Iterable[str]) -> None:
    names = pa.array(sorted(set(holders)), pa.string())
    session.take(connection, "reached", pa.table({"holder": names}))
