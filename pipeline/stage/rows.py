"""The staged rows of a batch, and what the functions that make them share."""

from __future__ import annotations

from collections import Counter

import orjson

from pipeline.documents.canonical import canonical, sha256_hex
from pipeline.documents.read import Document
from pipeline.documents.timestamps import microseconds
from pipeline.limits import MAX_LISTED, SHOWN_CHARACTERS
from pipeline.stage.schema import TABLES

Row = tuple[object, ...]

_WIDE = {name: schema.names[1:] for name, schema in TABLES.items()}


class Rows:
    """The rows of a batch: a list of tuples for each table of `schema.TABLES`.

    Attributes:
        tables: table name to rows, tuples in the order of its schema.
        carried: for each row of `signatures`, the keys that came with its document.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.carried: list[list[tuple[str | None, str, bytes]]] = []
        self.times = _Times()

    def lengths(self) -> dict[str, int]:
        """Return how many rows each table has, to which `undo` goes back."""
        return {name: len(rows) for name, rows in self.tables.items()}

    def undo(self, lengths: dict[str, int]) -> None:
        """Take back the rows that were added since the tables had these lengths."""
        for name, rows in self.tables.items():
            del rows[lengths[name] :]
        del self.carried[lengths["signatures"] :]

    def add_unread(self, doc: int, sha256: str, unread: tuple[str | None, ...]) -> None:
        """Append a document that could not be read.

        `unread` is (status, reason, place), and the number that it states if it states one.
        """
        row = (doc, sha256, None, *unread)
        blank = (None,) * (len(TABLES["documents"]) - len(row))
        self.tables["documents"].append(row + blank)


class _Times(dict[str, int | None]):
    """Text to `timestamps.microseconds` of it, remembered: one time stands in many rows."""

    def __missing__(self, text: str) -> int | None:
        found = self[text] = microseconds(text)
        return found


class DocumentRows:
    """One document being flattened: what its rows have in common.

    A `place` is a JSON pointer in pieces, which are joined only where there is a problem.

    Attributes:
        doc: the document's number in its batch.
        sha256: the digest of the raw document.
        pith_number: the number that the document states.
        canonical_sha256: the digest recomputed from its canonical record.
        carried: (key_id, fingerprint recomputed, key) of the keys that it carries.
        altered: pointer to id of the events whose id is not that of their content.
        problems: how many problems there are of a code that break and are unapplied, or not.
        unapplied: whether what is being added stands in an event that is `ReadEvent.unapplied`.
    """

    def __init__(self, rows: Rows, doc: int, sha256: str, document: Document) -> None:
        """Begin the rows of a document that was read."""
        self.tables = rows.tables
        self.rows = rows
        self.doc = doc
        self.sha256 = sha256
        self.document = document
        self.pith_number = document.shape.pith_number
        holder = document.tree["current"] if document.kind == "state" else document.tree
        self.canonical_sha256 = self.digest(holder["canonical_record"])
        self.carried: list[tuple[str | None, str, bytes]] = []
        self.altered: dict[str, str] = {}
        self.problems = Counter[tuple[str, bool, bool]]()
        self.unapplied = False

    def close(self) -> None:
        """Append, for what there are too many problems of, a row that counts those left out."""
        for (code, breaks, unapplied), count in self.problems.items():
            if count > MAX_LISTED:
                more = (code, None, None, None, breaks, unapplied, count - MAX_LISTED)
                self.add("problems", *more)

    def add(self, table: str, *values: object) -> None:
        """Append a row; `values` follow `doc` in the order of the table's schema."""
        self.tables[table].append((self.doc, *values))

    def add_wide(self, table: str, **values: object) -> None:
        """Append a row of a wide table by column name; what is not named is null."""
        self.tables[table].append((self.doc, *map(values.get, _WIDE[table])))

    def canonical(self, value: object) -> bytes:
        """Return the canonical bytes of a part of the document."""
        return canonical(value, floats=self.document.floats)

    def digest(self, value: object) -> str:
        """Return the SHA-256 of a part of the document in canonical form."""
        return sha256_hex(self.canonical(value))

    def time(self, text: str | None, *place: str) -> int | None:
        """Return microseconds UTC; a text that is no time is a problem, and null."""
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
        """Append a problem, or count it; `breaks` as in `schema.TABLES["problems"]`."""
        kind = (code, breaks, self.unapplied)
        self.problems[kind] += 1
        if self.problems[kind] <= MAX_LISTED:
            values = (pointer, shown(expected), shown(actual))
            self.add("problems", code, *values, breaks, self.unapplied, 1)

    def compare(self, code: str, computed: str, stated: str | None, *place: str) -> str:
        """Hold what is stated against what was computed; return the status' word."""
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
