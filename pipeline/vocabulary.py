"""The words of the published tables that code reads, each list once.

A list whose order means something, or that code runs through, is an enumeration. A word that a
document's rows repeat is a `Literal`: it costs nothing, and the type checker finds a misspelt one.
SQL writes its words out, and tests hold them to these lists.
"""

from __future__ import annotations

from enum import StrEnum, auto


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    CRITICAL = auto()
    ERROR = auto()
    WARNING = auto()
    INFO = auto()

    @property
    def rank(self) -> int:
        """The place in the order, 0 for the worst."""
        return list(Severity).index(self)

    def at_least(self, least: Severity) -> bool:
        """Tell whether it is as bad as another one, or worse."""
        return self.rank <= least.rank
