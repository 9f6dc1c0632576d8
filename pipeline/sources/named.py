"""What names a source beside a path: a list of paths, a pattern, standard input."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import buckets
from pipeline.errors import SourceError, UsageError
from pipeline.sources import objects

#: The source that is standard input.
STANDARD_INPUT = b"-"

#: What makes a pattern of a path.
_MAGIC = re.compile(rb"[*?[]")

#: In a pattern: any directories below each other, or none.
_ANY_DEPTH = b"**"


# -- lists ------------------------------------------------------------------------------------


def settled(sources: Iterable[str | Path]) -> list[str]:
    """Return the sources with the lines of each list in its place, and objects told from prefixes.

    Resolving its result again gives the same result.

    Raises:
        SourceError: a list cannot be read, or names nothing, or a bucket cannot be listed.
        UsageError: a line of a list is not a path, or an address cannot be read.
    """
    found: list[str] = []
    for path in sources:
        source = os.fspath(path)
        found.extend(_lines(source[1:]) if source.startswith("@") else [source])
    return [objects.settled(one) if buckets.is_url(os.fsencode(one)) else one for one in found]


def _lines(name: str) -> Iterator[str]:
    """Yield the sources of a list: `@` and `-` begin the name of a file there, as any letter."""
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        message = f"cannot read the list of sources {name}: {error.strerror}"
        raise SourceError(message) from None
    empty = True
    for number, line in enumerate(content.splitlines(), 1):
        if b"\0" in line:
            message = f"line {number} of {name} is no path: it holds a NUL; write one path a line"
            raise UsageError(message)
        if line:
            empty = False
            literal = line.startswith((b"@", STANDARD_INPUT))
            yield os.fsdecode(b"./" + line if literal else line)
    if empty:
        message = f"the list of sources {name} is empty: write one path a line"
        raise SourceError(message)


# -- patterns ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of paths: `*`, `?` and `[...]` within a name, `**` for directories at any depth.

    As in a shell, only a dot matches the dot that begins a name.

    Attributes:
        base: the directory in which it begins.
        parts: of the names below it, one for each directory and one for the entry.
    """

    base: bytes
    parts: tuple[bytes, ...]

    def begin(self) -> frozenset[int]:
        """Return which parts the names in the base may match."""
        return self._closed({0})

    def follow(self, states: frozenset[int], name: bytes) -> frozenset[int]:
        """Return which parts the names below an entry may match; none if it matches nothing."""
        after = set()
        for state in states:
            if state == len(self.parts):
                continue
            part = self.parts[state]
            if name.startswith(b".") and not part.startswith(b"."):
                continue
            if part == _ANY_DEPTH:
                after.add(state)
            elif fnmatch.fnmatchcase(name, part):
                after.add(state + 1)
        return self._closed(after)

    def ends(self, states: frozenset[int]) -> bool:
        """Tell whether the whole pattern is matched."""
        return len(self.parts) in states

    def _closed(self, states: set[int]) -> frozenset[int]:
        """Add what may match as well because `**` stands for no directory, too."""
        for state in sorted(states):
            at = state
            while self.parts[at : at + 1] == (_ANY_DEPTH,):
                at += 1
                states.add(at)
        return frozenset(states)


def pattern(source: bytes) -> Pattern | None:
    """Return the pattern that a source is; None if it is a path: such as one that exists."""
    if not _MAGIC.search(source) or os.path.lexists(source):
        return None
    parts = source.split(b"/")
    first = next(at for at, part in enumerate(parts) if _MAGIC.search(part))
    base = b"/".join(parts[:first]) or (b"/" if source.startswith(b"/") else b".")
    return Pattern(base, tuple(part for part in parts[first:] if part not in {b"", b"."}))
