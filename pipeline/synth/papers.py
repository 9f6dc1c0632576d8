"""The papers of a synthetic dump: paper number `i` is a pure function of the seed and `i`.

So papers can cite each other, and any process can make any part of a dump, without a list of all
papers in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from pipeline.synth import text

#: With more works a month of old arXiv identifiers would have too few numbers.
MAX_PAPERS: Final = 3_000_000

_FIRST_YEAR, _MONTHS = 1992, 12 * (2026 - 1992)
#: Coprime to `_MONTHS`, so that consecutive papers spread over all of them.
_STRIDE = 151
#: From 2007-04 on an identifier is YYMM.NNNN, from 2015-01 on YYMM.NNNNN.
_NEW_IDS, _LONG_IDS = (2007 - _FIRST_YEAR) * 12 + 3, (2015 - _FIRST_YEAR) * 12
#: Three of sixteen papers are the versions of one arXiv paper.
_CYCLE, _SINGLE = 16, 13
_MOST_CITING = 40
_SAMPLE = 12

_OLD_LICENSE = ""
_LICENSES = (
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://creativecommons.org/licenses/by/4.0/",
    "http://creativecommons.org/licenses/by-nc-sa/4.0/",
)
_COMPUTING = datetime(2026, 5, 18, tzinfo=UTC)
_COMPUTING_SECONDS = 10 * 86400


class Citation(NamedTuple):
    """A paper of the dump that cites another: its number, and which reference it is."""

    number: int
    arxiv_id: str
    title: str
    ref_index: int
    is_internal_anchor: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """The facts in the documents of one paper.

    Attributes:
        index: its number in the dump.
        submitted_at: as documents write it.
        computed_at: when its Pith number was computed, UTC.
        citing: the papers that cite it, at most `_SAMPLE`, of `citing_count` in all.
        claims: the texts of its claims; none if the registry gave no verdict.
        references: how many references the registry found in it.
    """

    index: int
    source_id: str
    version: int
    title: str
    authors: str
    abstract: str
    license: str
    primary_cat: str
    cross_cats: list[str]
    submitted_at: str
    computed_at: datetime
    citing: tuple[Citation, ...]
    citing_count: int
    claims: tuple[str, ...]
    references: int


def paper(seed: int, index: int, count: int) -> Paper:
    """Return paper `index` of a dump of `count` papers.

    An index beyond the dump gives a paper that no paper of the dump cites.
    """
    work, version = _work(index)
    month = _month(work)
    common, own = random_of(seed, work, 0), random_of(seed, index, 1)
    title, authors = text.title(common), text.authors(common)
    old = text.ARCHIVES[_archive(work)][1] if month < _NEW_IDS else None
    primary, cross = text.categories(common, old)
    citing = _citing(seed, index, count)
    # the registry has looked into every fourth paper
    judged = index % 4 == 1
    return Paper(
        index=index,
        source_id=arxiv_id(work),
        version=version,
        title=title,
        authors=authors,
        abstract=text.abstract(own),
        license=_OLD_LICENSE if month < _NEW_IDS else common.choice(_LICENSES),
        primary_cat=primary,
        cross_cats=cross,
        submitted_at=_submitted_at(month, version, common),
        computed_at=_COMPUTING + timedelta(seconds=index * 7 % _COMPUTING_SECONDS),
        citing=citing,
        citing_count=len(citing) + (own.randrange(200) if len(citing) == _SAMPLE else 0),
        claims=tuple(text.sentence(own) for _ in range(own.randrange(1, 4))) if judged else (),
        references=own.randrange(8, 90) if judged else 0,
    )


def arxiv_id(work: int) -> str:
    """Return the arXiv identifier of a work, in the style of its month."""
    month, number = _month(work), work // _MONTHS
    yymm = f"{(_FIRST_YEAR + month // 12) % 100:02}{month % 12 + 1:02}"
    if month < _NEW_IDS:
        archive = text.ARCHIVES[_archive(work)][0]
        return f"{archive}/{yymm}{number // len(text.ARCHIVES) + 1:03}"
    width = 5 if month >= _LONG_IDS else 4
    return f"{yymm}.{number + 1:0{width}}"


def random_of(seed: int, number: int, purpose: int) -> Random:
    """Return the numbers of a paper for one of four purposes: 0 to 3."""
    # no secret: anybody must be able to make the same dump again
    return Random(seed << 32 | number << 2 | purpose)  # noqa: S311 - see above


def _work(index: int) -> tuple[int, int]:
    """Return the index of a paper's first version, and its own version."""
    later = max(0, index % _CYCLE - _SINGLE)
    return index - later, 1 + later


def _month(work: int) -> int:
    """Return the month of a work, counted from `_FIRST_YEAR`; with `work // _MONTHS` unique."""
    return (work * _STRIDE + work // _MONTHS) % _MONTHS


def _archive(work: int) -> int:
    return work // _MONTHS % len(text.ARCHIVES)


def _submitted_at(month: int, version: int, rng: Random) -> str:
    """Return when a version was submitted; later ones follow after weeks, some at midnight."""
    second = 0 if rng.randrange(20) == 0 else rng.randrange(86400)
    first = datetime(_FIRST_YEAR + month // 12, month % 12 + 1, rng.randrange(1, 29), tzinfo=UTC)
    found = first + timedelta(days=(version - 1) * rng.randrange(20, 60), seconds=second)
    return f"{found:%Y-%m-%dT%H:%M:%SZ}"


def _citing(seed: int, index: int, count: int) -> tuple[Citation, ...]:
    """Return later papers of the dump, most often none to three, sometimes many."""
    rng = random_of(seed, index, 2)
    tries = rng.randrange(_MOST_CITING) if rng.randrange(8) == 0 else rng.randrange(7)
    if index >= count:
        return ()
    month, found = _month(_work(index)[0]), dict[int, Citation]()
    for _ in range(tries):
        work = _work(rng.randrange(count))[0]
        if work not in found and _month(work) > month and len(found) < _SAMPLE:
            title = text.title(random_of(seed, work, 0))
            anchor = rng.random() < 0.7  # noqa: PLR2004 - about the share of real ones
            found[work] = Citation(work, arxiv_id(work), title, rng.randrange(1, 120), anchor)
    return tuple(found.values())
