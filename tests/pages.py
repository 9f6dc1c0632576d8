"""Reports in tests: documents by a hostile author, and a parser of the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.cases.forge import Key, found, integrity, integrity_event, manifest
from tests.paths import SAMPLES

#: What a hostile author would have a browser do, in a title, a path, a field and a category.
SCRIPT = "<script>document.title='owned'</script>"
IMAGE = "<img src=x onerror=document.title='owned'>"
BREAK = "</script></style></details>--><svg onload=document.title='owned'>'\""
TITLE = f"{SCRIPT}{IMAGE}{BREAK}"

#: Characters that turn a line around or steer a terminal.
STEERING = "\u202edesrever\u202c\x1b[2J\u200b"

#: A text that is unlike everything else on the page.
LONG = "long" * 1000


def write_hostile(directory: Path) -> None:
    """Write documents whose every text that a report may show is hostile."""
    directory.mkdir()

    def record(paper: dict[str, Any]) -> None:
        paper["paper"]["title"] = TITLE
        paper["inbound_citations"]["count"] = 10**6
        paper[f"{IMAGE}/~0"] = [{BREAK: f"{SCRIPT}{LONG}"}, {STEERING: 1}]

    def bundle(paper: dict[str, Any]) -> None:
        paper["canonical_record"]["metadata"]["primary_cat"] = BREAK
        paper["canonical_record"]["source"]["id"] = SCRIPT

    _altered("000_97f37641e2d9eba2.txt", directory / "record.json", record)
    _altered("002_5ae86a2727653697.txt", directory / "bundle.json", bundle)
    (directory / f"{IMAGE.replace('/', '')}{STEERING}.json").write_text('{"record_type": "pith_')
    payload = found("a" * 64, detector=f"{TITLE}{LONG}", severity=BREAK, note=STEERING)
    listed = integrity(integrity_event(Key("a stranger", SCRIPT), 1, payload))
    (directory / "integrity.json").write_text(json.dumps(listed))
    mirrors = manifest(Key("a stranger", SCRIPT))
    mirrors["mirrors"][0] |= {"name": TITLE, "base_url": f"javascript:{BREAK}", "status": STEERING}
    (directory / "mirrors.json").write_text(json.dumps(mirrors))


def _altered(sample: str, target: Path, alter: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((SAMPLES / sample).read_text(encoding="utf-8"))
    alter(document)
    target.write_text(json.dumps(document), encoding="utf-8")


#: Elements that have no end tag.
_VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page, read by the standard library's parser.

    Attributes:
        elements: every element with its attributes, in order.
        tables: the rows of each table by its id; a cell is its data-value, else its text.
        figures: the figures above the sections, by their names.
        texts: the text of each kind of element, everything within it included.
    """

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.figures: dict[str, int] = {}
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._table: list[list[str]] | None = None
        self._value: str | None = None
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag in _VOID:
            return
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")
        if tag == "table":
            self._table = self.tables.setdefault(attributes["id"] or "", [])
        elif tag == "tr" and "tbody" in self._open and self._table is not None:
            self._table.append([])
        elif tag in {"td", "th"} and "tbody" in self._open and self._table is not None:
            self._value = attributes.get("data-value")
        elif tag == "strong" and "dd" in self._open and "data-value" in attributes:
            self.figures[self.texts["dt"][-1]] = int(attributes["data-value"] or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element of a drawing that ends at once."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Note the end of an element, which must be that of the last one open."""
        assert self._open.pop() == tag
        if tag in {"td", "th"} and "tbody" in self._open and self._table is not None:
            text = " ".join(self.texts[tag][-1].split())
            self._table[-1].append(text if self._value is None else self._value)

    def handle_data(self, data: str) -> None:
        """Add text to every element that it stands in."""
        for tag in set(self._open):
            self.texts[tag][-1] += data
