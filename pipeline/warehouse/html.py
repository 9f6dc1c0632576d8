"""Rows as HTML, which Jupyter and marimo show; all that documents hold is shown as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

#: The words that say good or bad by themselves, with a colour that is legible on light and dark.
_COLOURS = {
    "critical": "#d32f2f",
    "error": "#d32f2f",
    "contradicted": "#d32f2f",
    "mismatch": "#d32f2f",
    "invalid": "#d32f2f",
    "warning": "#b26a00",
    "unproven": "#b26a00",
    "proven": "#2e7d32",
    "vouched": "#2e7d32",
    "valid": "#2e7d32",
    "verified": "#2e7d32",
}


#: marimo puts no room between the cells of a table.
_ROOM = "padding: 0.1em 0.8em 0.1em 0; vertical-align: top"


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows with the names of their columns, and a caption; a notebook shows it as a table."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __repr__(self) -> str:
        """Return the caption and how many rows there are, for a console."""
        return f"<{self.caption}: {len(self.rows)} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        style = f"{_ROOM}; text-align: left"
        head = "".join(f'<th style="{style}">{escape(name)}</th>' for name in self.columns)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        return (
            f'<table><caption style="text-align: left">{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def facts(caption: str, values: Mapping[str, object]) -> Listing:
    """Return a listing of names and values, without those that are null."""
    rows = [(name, value) for name, value in values.items() if value not in (None, "")]
    return Listing(caption, ("", ""), rows)


def filled(caption: str, rows: Sequence[Mapping[str, object]]) -> Listing:
    """Return a listing of rows, without the columns that are null in all of them."""
    names = [
        name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)
    ]
    return Listing(caption, names, [[row[name] for name in names] for row in rows])


def folded(parts: Iterable[tuple[str, str]]) -> str:
    """Return parts of HTML that open by a click, each below its title."""
    return "".join(
        f"<details><summary>{escape(title)}</summary>{part}</details>" for title, part in parts
    )


def _cell(value: object) -> str:
    """Return a cell: numbers stand on the right, what says good or bad has a colour."""
    side = "right" if isinstance(value, int | float) else "left"
    style = f"{_ROOM}; text-align: {side}"
    text = _text(value)
    if text in _COLOURS:
        style += f"; font-weight: bold; color: {_COLOURS[text]}"
    return f'<td style="{style}">{escape(text)}</td>'


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)
