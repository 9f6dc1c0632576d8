"""`pith-etl show`: one paper on a page, in text or as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import IO

import msgspec

from pipeline.cli.text_table import print_table
from pipeline.text import one_line, safe_json
from pipeline.warehouse.papers import Paper, Row, find, title
from pipeline.warehouse.reader import Warehouse

#: The columns of the terminals that texts are folded for.
_WIDTH = 88


def show(warehouse: Warehouse, identifier: str, output: IO[str], *, as_json: bool) -> None:
    """Print the papers that an identifier names, the newest version first, `PAPERS` at most.

    Papers proven by a receipt come before papers that only claim the name.

    As JSON it is an array of objects: `paper`, each section as an array of its rows, and `counts`,
    which has for each section, and for `papers` of the name, how many there are.

    Raises:
        UnknownPaperError: no paper has this name.
    """
    found, count = find(warehouse.connection, identifier)
    if as_json:
        pages: list[dict[str, object]] = [
            {"counts": {"papers": count, **one.counts}, "paper": one.facts, **one.sections}
            for one in found
        ]
        text = msgspec.json.format(msgspec.json.encode(pages), indent=2).decode()
        output.write(safe_json(text) + "\n")
        return
    for one in found:
        _write(one, output)
    if count > len(found):
        output.write(f"\n{len(found)} of {count:,} papers of this name; `resolve` has all in SQL\n")


def _write(paper: Paper, output: IO[str]) -> None:
    for line in _head(paper.facts):
        output.write(f"{line}\n")
    for name, rows in paper.sections.items():
        output.write(f"\n{title(name)}: {_told(len(rows), paper.counts[name])}\n")
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
