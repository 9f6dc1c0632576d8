"""One paper on a page: its texts, names, events and citations, with the evidence for each.

The sections are queries of `sql/show/`, each under the title in its first line, with what is
proven first. A stranger can lengthen most of them, so a page holds `ROWS` rows of each and their
exact number.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import IO, Any

import msgspec

from pipeline.cli.text_table import print_table
from pipeline.engine import records
from pipeline.errors import PithEtlError
from pipeline.resources import sql
from pipeline.text import one_line, safe, safe_json
from pipeline.warehouse.reader import Warehouse

#: The sections below the paper itself, in the order of the page.
SECTIONS = (
    "versions",
    "aliases",
    "events",
    "cited_by",
    "cites",
    "claims",
    "attestations",
    "digests",
    "signatures",
    "documents",
    "findings",
)

_FORMS = (
    "an arXiv id (1512.01274, hep-lat/0305021v1), a DOI, a Pith number (pith:2015:ID, or the "
    "first 8, 12, 16 or 26 characters of its id), or an address at arxiv.org, doi.org or "
    "pith.science"
)
#: The columns of the terminals that texts are folded for.
_WIDTH = 88
#: How much of an unknown identifier its error repeats.
_REPEATED = 80
#: The most papers that are shown of one name, and the most rows of one section.
PAPERS = 20
ROWS = 100

Row = Mapping[str, Any]


class UnknownPaperError(PithEtlError):
    """An identifier names no paper of the warehouse."""


def show(warehouse: Warehouse, identifier: str, output: IO[str], *, as_json: bool) -> None:
    """Print the papers that an identifier names, the newest version first, `PAPERS` at most.

    Papers proven by a receipt come before papers that only claim the name.

    As JSON it is an array of objects: `paper`, each section as an array of its rows, and `counts`,
    which has for each section, and for `papers` of the name, how many there are.

    Raises:
        UnknownPaperError: no paper has this name.
    """
    numbers, count = _numbers(warehouse, identifier)
    pages = [_page(warehouse, number, count) for number in numbers]
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(pages), indent=2).decode()
        output.write(safe_json(text) + "\n")
        return
    for page in pages:
        _write(page, output)
    if count > len(pages):
        output.write(f"\n{len(pages)} of {count:,} papers of this name; `resolve` has all in SQL\n")


def _numbers(warehouse: Warehouse, identifier: str) -> tuple[list[str], int]:
    """Return the numbers of the papers to show, and how many papers the identifier names."""
    # an argument may hold bytes that are not UTF-8; DuckDB refuses them
    text = identifier.encode("utf-8", "backslashreplace").decode()
    values = {"text": text, "most": PAPERS}
    rows = warehouse.connection.execute(sql("show", "named"), values).fetchall()
    if not rows:
        message = f"no paper here is named {safe(text[:_REPEATED])!r}; a name is {_FORMS}"
        raise UnknownPaperError(message)
    return [row[0] for row in rows], rows[0][1]


def _page(warehouse: Warehouse, number: str, papers: int) -> dict[str, Any]:
    """Return the data of a paper: the row `paper`, the rows of each section, `counts`."""
    page: dict[str, Any] = {"counts": {"papers": papers}}
    for name in ("paper", *SECTIONS):
        page[name], page["counts"][name] = _rows(warehouse, name, number)
    (page["paper"],) = page["paper"]
    del page["counts"]["paper"]
    return page


def _rows(warehouse: Warehouse, section: str, number: str) -> tuple[list[dict[str, Any]], int]:
    """Return the first `ROWS` rows of a section, and how many there are."""
    # not a parameter: DuckDB refuses the value of one that a query does not name
    query, values = sql("show", section).replace("$rows", str(ROWS)), {"number": number}
    rows = records(warehouse.connection, f"{query}\nlimit {ROWS + 1}", values)
    if len(rows) <= ROWS:
        return rows, len(rows)
    counting = f"select count(*) as count from ({query})"  # noqa: S608 - our own
    (counted,) = records(warehouse.connection, counting, values)
    return rows[:ROWS], counted["count"]


def _write(page: Mapping[str, Any], output: IO[str]) -> None:
    for line in _head(page["paper"]):
        output.write(f"{line}\n")
    for name in SECTIONS:
        title = sql("show", name).splitlines()[0].removeprefix("-- ")
        rows: list[Row] = page[name]
        output.write(f"\n{title}: {_told(len(rows), page['counts'][name])}\n")
        if rows:
            # a column without values for this paper only widens the page
            names = [column for column in rows[0] if any(row[column] is not None for row in rows)]
            print_table(output, names, [[_text(row[key]) for key in names] for row in rows])


def _told(shown: int, count: int) -> str:
    if count > shown:
        return f"{count:,}, of which these are the first {shown}"
    return str(count or "none")


def _cited(count: int | None) -> str:
    """Return how often a paper is cited; only records state this."""
    return "no record counts it" if count is None else f"{count} papers, as its record counts"


def _head(paper: Row) -> Iterator[str]:
    """Yield the lines on the paper itself: what it is, and its texts with their verdicts."""
    yield from _folded(paper["title"])
    yield ""
    categories = [paper["primary_cat"], *(paper["cross_cats"] or [])]
    facts = {
        "number": f"{_text(paper['pith_number'])} ({_text(paper['short_pith_number'])})",
        "source": f"{_text(paper['source_kind'])} {_text(paper['source_id'])} "
        f"version {_text(paper['source_version'])}",
        "submitted": f"{_text(paper['submitted_at'])} UTC",
        "categories": _text(", ".join(one for one in categories if one)),
        "licence": _text(paper["license"]) or "none stated",
        "trust": f"{_text(paper['trust'])}: {_text(paper['trust_reason'])}",
        "title hash": _text(paper["title_status"]),
        "abstract hash": _text(paper["abstract_status"]),
        "receipt": _text(paper["receipt_status"]),
        "cited by": _cited(paper["inbound_citation_count"]),
    }
    for name, fact in facts.items():
        yield f"{name:<15}{fact}"
    for name, text in (
        ("Authors", paper["authors_text"]),
        ("Abstract", paper["abstract_excerpt"]),
        ("Headline", paper["headline"]),
        ("Verdict", paper["verdict_one_line_summary"]),
        ("Strongest claim", paper["verdict_strongest_claim"]),
        ("Weakest assumption", paper["verdict_weakest_assumption"]),
    ):
        if text:
            yield ""
            yield f"{name}:"
            yield from _folded(text, "  ")


def _folded(text: str | None, indent: str = "") -> list[str]:
    return textwrap.wrap(_text(text), _WIDTH, initial_indent=indent, subsequent_indent=indent) or [
        f"{indent}(none)"
    ]


def _text(value: object) -> str:
    """Return a value on one line, harmless to a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(str(value))
