"""The staged rows of a batch, and what the functions that make them share."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import orjson

from pipeline.documents.canonical import canonical, sha256_hex
from pipeline.documents.read import Document
from pipeline.documents.timestamps import microseconds
from pipeline.limits import MAX_LISTED, SHOWN_CHARACTERS
from pipeline.stage.schema import ROWS, ProblemRow, Row, SignatureRow, Time
from pipeline.vocabulary import DigestStatus


class CarriedKey(NamedTuple):
    """A public key that a document carries; the fingerprint is recomputed."""

    key_id: str | None
    fingerprint: str
    raw: bytes


class Rows:
    """The rows of a batch: a list for each class of `schema.ROWS`.

    Attributes:
        tables: class to rows.
        carried: for each `SignatureRow`, the keys that came with its document.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self.tables: dict[type[Row], list[Row]] = {row: [] for row in ROWS.values()}
        self.carried: list[list[CarriedKey]] = []
        self.times = _Times()

    def lengths(self) -> dict[type[Row], int]:
        """Return how many rows each table has, to which `undo` goes back."""
        return {row: len(rows) for row, rows in self.tables.items()}

    def undo(self, lengths: dict[type[Row], int]) -> None:
        """Take back the rows that were added since the tables had these lengths."""
        for row, rows in self.tables.items():
            del rows[lengths[row] :]
        del self.carried[lengths[SignatureRow] :]

    def add(self, row: Row) -> None:
        """Append a row to the table of its class."""
        self.tables[type(row)].append(row)


class _Times(dict[str, Time | None]):
    """Text to `timestamps.microseconds` of it, remembered: one time stands in many rows."""

    def __missing__(self, text: str) -> Time | None:
        found = microseconds(text)
        time = self[text] = None if found is None else Time(found)
        return time


class DocumentRows:
    """One document being flattened: the values that its rows share.

    A `place` is a JSON pointer in pieces, which are joined only where there is a problem.

    Attributes:
        add: appends a row to the table of its class.
        doc: the document's number in its batch.
        sha256: the digest of the raw document.
        pith_number: the number that the document states; empty if it states none.
        canonical_sha256: the digest recomputed from its canonical record; empty without one.
        carried: the keys that it carries.
        altered: pointer to id of the events whose id is not that of their content.
        problems: how many problems there are of a code that break and are unapplied, or not.
        unapplied: whether what is being added stands in an event that is `ReadEvent.unapplied`.
    """

    def __init__(self, rows: Rows, doc: int, sha256: str, document: Document) -> None:
        """Begin the rows of a document that was read."""
        self.rows = rows
        self.add = rows.add
        self.doc = doc
        self.sha256 = sha256
        self.document = document
        self.pith_number = document.pith_number or ""
        self.canonical_sha256 = self._canonical_sha256() if document.is_paper else ""
        self.carried: list[CarriedKey] = []
        self.altered: dict[str, str] = {}
        self.problems = Counter[tuple[str, bool, bool]]()
        self.unapplied = False

    def _canonical_sha256(self) -> str:
        tree = self.document.tree
        holder = tree["current"] if self.document.kind == "state" else tree
        return self.digest(holder["canonical_record"])

    def close(self) -> None:
        """Append a row that counts the problems left out, for each code with too many problems."""
        for (code, breaks, unapplied), count in self.problems.items():
            if count > MAX_LISTED:
                more = ProblemRow(
                    doc=self.doc,
                    code=code,
                    breaks=breaks,
                    unapplied=unapplied,
                    occurrences=count - MAX_LISTED,
                )
                self.add(more)

    def canonical(self, value: object) -> bytes:
        """Return the canonical bytes of a part of the document."""
        return canonical(value, floats=self.document.floats)

    def digest(self, value: object) -> str:
        """Return the SHA-256 of a part of the document in canonical form."""
        return sha256_hex(self.canonical(value))

    def time(self, text: str | None, *place: str) -> Time | None:
        """Return microseconds UTC; note a problem and return null if the text is not a time."""
        if text is None:
            return None
        found = self.rows.times[text]
        if found is None:
            expected = "a time with its offset"
            self.problem("time_malformed", "".join(place), expected, text, breaks=False)
        return found

    def problem(
        self, code: str, pointer: str, expected: object, actual: object, *, breaks: bool = True
    ) -> None:
        """Append a problem, or count it; `breaks` as in `schema.ProblemRow`."""
        kind = (code, breaks, self.unapplied)
        self.problems[kind] += 1
        if self.problems[kind] <= MAX_LISTED:
            row = ProblemRow(
                doc=self.doc,
                code=code,
                pointer=pointer,
                expected=shown(expected),
                actual=shown(actual),
                breaks=breaks,
                unapplied=self.unapplied,
                occurrences=1,
            )
            self.add(row)

    def compare(self, code: str, computed: str, stated: str | None, *place: str) -> DigestStatus:
        """Compare the stated value with the computed one; return the status."""
        if stated == computed:
            return "verified"
        if stated is None:
            self.problem("digest_missing", "".join(place), computed, None, breaks=False)
            return "missing"
        self.problem(code, "".join(place), computed, stated)
        return "mismatch"

    def agree(self, code: str, expected: object, actual: object, *place: str) -> None:
        """Note a field that disagrees with the better vouched-for one that it repeats."""
        if actual is not None and actual != expected:
            self.problem(code, "".join(place), expected, actual)


def json_text(value: object) -> str | None:
    """Return compact JSON in the document's own order, or None for null."""
    return None if value is None else orjson.dumps(value).decode()


def shown(value: object) -> str | None:
    """Return a value as a finding shows it: texts as they are, the rest as JSON, cut if long.

    A value may be compared once for each event: shown whole, it would multiply.
    """
    text = value if isinstance(value, str) else json_text(value)
    if text is None or len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}…"
