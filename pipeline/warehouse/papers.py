"""All that is known of a paper: its texts, names, events and citations, with the evidence for each.

The sections are queries of `sql/show/`, each under the title in its first line, with what is
proven first. A stranger can lengthen most of them, so a paper has `ROWS` rows of each and their
exact number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.engine import Connection, records
from pipeline.errors import UnknownPaperError
from pipeline.resources import sql
from pipeline.text import safe

#: The sections below the paper itself, in the order of the page.
SECTIONS = (
    "versions",
    "aliases",
    "events",
    "cited_by",
    "cites",
    "claims",
    "attestations",
    "integrity",
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
#: How much of an unknown identifier its error repeats.
_REPEATED = 80
#: The most papers that are shown of one name, and the most rows of one section.
PAPERS = 20
ROWS = 100

Row = Mapping[str, Any]

#: The facts that a notebook shows first.
TOLD = (
    "pith_number",
    "authors_text",
    "source_id",
    "source_version",
    "submitted_at",
    "primary_cat",
    "license",
    "trust",
    "trust_reason",
    "proof",
    "receipt_status",
    "title_status",
    "abstract_status",
    "inbound_citation_count",
    "abstract_excerpt",
)


@dataclass(frozen=True, slots=True)
class Paper:
    """All that is known of a paper.

    Attributes:
        facts: its row of `papers`, with `trust` and `trust_reason`.
        sections: the first `ROWS` rows of each of `SECTIONS`, by the names of the sections.
        counts: how many rows each section has in all.
    """

    facts: Row
    sections: Mapping[str, list[Row]]
    counts: Mapping[str, int]

    def __repr__(self) -> str:
        """Return the number and the title, for a console."""
        return f"<Paper {self.facts['pith_number']}: {self.facts['title']!r}>"

    def _repr_html_(self) -> str:
        """Return the paper as HTML, which Jupyter and marimo show: sections open by a click."""
        from pipeline.warehouse import html  # noqa: PLC0415 - `pith-etl show` needs none

        told = html.facts(str(self.facts["title"]), {name: self.facts[name] for name in TOLD})
        parts = []
        for name, rows in self.sections.items():
            heading = f"{title(name)}: {self.counts[name]:,}"
            if rows:
                parts.append((heading, html.filled("", rows)._repr_html_()))
        return told._repr_html_() + html.folded(parts)


def find(connection: Connection, identifier: str) -> tuple[list[Paper], int]:
    """Return the papers that an identifier names, and how many there are.

    There are `PAPERS` of them at most: those that a receipt vouches for first, the newest version
    first.

    Raises:
        UnknownPaperError: no paper has this name.
    """
    # an argument may hold bytes that are not UTF-8; DuckDB refuses them
    text = identifier.encode("utf-8", "backslashreplace").decode()
    values = {"text": text, "most": PAPERS}
    rows = connection.execute(sql("show", "named"), values).fetchall()
    if not rows:
        message = f"no paper here is named {safe(text[:_REPEATED])!r}; a name is {_FORMS}"
        raise UnknownPaperError(message)
    return [_paper(connection, row[0]) for row in rows], rows[0][1]


def section_sql(section: str) -> str:
    """Return the query of a section, of the paper `$number`."""
    # not a parameter: DuckDB refuses the value of one that a query does not name
    return sql("show", section).replace("$rows", str(ROWS))


def title(section: str) -> str:
    """Return the title of a section."""
    return sql("show", section).splitlines()[0].removeprefix("-- ")


def _paper(connection: Connection, number: str) -> Paper:
    (facts,), _ = _rows(connection, "paper", number)
    found = {name: _rows(connection, name, number) for name in SECTIONS}
    return Paper(
        facts,
        {name: rows for name, (rows, _) in found.items()},
        {name: count for name, (_, count) in found.items()},
    )


def _rows(connection: Connection, section: str, number: str) -> tuple[list[Row], int]:
    """Return the first `ROWS` rows of a section, and how many there are."""
    query, values = section_sql(section), {"number": number}
    rows: list[Row] = [*records(connection, f"{query}\nlimit {ROWS + 1}", values)]
    if len(rows) <= ROWS:
        return rows, len(rows)
    counting = f"select count(*) as count from ({query})"  # noqa: S608 - our own
    (counted,) = records(connection, counting, values)
    return rows[:ROWS], counted["count"]
