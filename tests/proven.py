"""What is proven of some documents, to compare before and after others stand beside them.

Columns that count or list other documents are always left out: `signatures.stands_in`,
`keys.documents`, `trust.findings` and `coverage.refused`. A paper is shared if one of the other
documents is itself proven to describe it: that document is a copy, or a record altered where no
receipt covers it. Only a bundle tells these apart (docs/evidence.md). If the row of a shared paper
comes from a bundle, the columns that come from records or list documents are left out. If not, all
columns that its receipt does not cover are left out, and so are its rows in the tables that follow
the document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

Rows = list[dict[str, object]]
#: Runs a query and returns its rows, each a tuple.
Query = Callable[[str], list[tuple[object, ...]]]

_BY_PROOF = "t.proof in ('signed', 'receipt')"
_BY_SIGNATURE = "t.content_ok and t.signature_status = 'valid'"

#: The column that names the paper of a row. Of a proven paper these tables hold only proven rows.
_WHOLE = {
    "papers": "pith_number",
    "aliases": "pith_number",
    "authors": "pith_number",
    "categories": "pith_number",
    "claims": "pith_number",
    "citations": "cited_pith_number",
    "trust": "pith_number",
    "coverage": "pith_number",
}

#: Which rows are proven, in the tables that also hold unproven rows.
_PARTLY = {
    "documents": _BY_PROOF,
    "events": _BY_SIGNATURE,
    "attestations": _BY_SIGNATURE,
    "states": _BY_PROOF,
    "integrity_findings": "t.payload_status = 'verified' and t.signature_status = 'valid'",
    "signatures": "t.status = 'valid'",
    "keys": "t.trust = 'pinned'",
}

#: Columns that count all documents, proven or not.
_COUNTED = {
    "signatures": {"stands_in"},
    "integrity_findings": {"statements"},
    "keys": {"documents"},
    "trust": {"findings"},
    "coverage": {"refused"},
}

#: What a signature covers in the rows of any paper, and who made it.
_COVERED = {
    "papers": "pith_number short_pith_number source_kind source_id source_version submitted_at "
    "license primary_cat cross_cats canonical_sha256 number_status receipt_status "
    "title_canon_sha256 abstract_canon_sha256 schema_version",
    "categories": "pith_number position category is_primary",
    "events": "event_id pith_number event_type target created_at signer_id signer_type "
    "signer_key_id signer_fingerprint prev_event supersedes payload content_ok signature_status "
    "public_key_b64 schema_version",
    "signatures": "kind subject digest_computed signature_b64 pith_number status public_key_b64",
    "keys": "key_id public_key_b64 fingerprint_computed algorithm trust key_status valid_from "
    "valid_until keyring_note",
}

#: How the columns begin that come from records or list documents, in a paper's row from a bundle.
_LISTED = ("document_sha256", "record_", "other_documents", "has_", "stated_", "inbound_")


@dataclass(frozen=True, slots=True)
class Proven:
    """The proven rows of the documents that were there first."""

    tables: dict[str, Rows]

    @property
    def numbers(self) -> dict[object, object]:
        """The proof of each paper by its number."""
        return {row["pith_number"]: row["proof"] for row in self.tables["papers"]}


def proven(query: Query) -> Proven:
    """Return the rows that are proven in a warehouse of trustworthy documents alone."""
    conditions = {name: "true" if name in ("trust", "coverage") else _BY_PROOF for name in _WHOLE}
    return Proven(
        {name: _rows(query, name, condition) for name, condition in (conditions | _PARTLY).items()}
    )


def changed(before: Proven, query: Query) -> list[str]:
    """Say which proven rows are gone, changed or added beside other documents; [] if none."""
    shared = _shared(before, query)
    numbers = ", ".join(f"'{number}'" for number in before.numbers)
    found = []
    for name, rows in before.tables.items():
        column = _WHOLE.get(name)
        after = _rows(query, name, f"t.{column} in ({numbers})" if column else _PARTLY[name])
        told = [_told(name, row, before, shared) for row in rows]
        now = [_told(name, row, before, shared) for row in after]
        found += [f"{name} lost {row}" for row in set(told) - set(now) - {""}]
        if column:
            found += [f"{name} gained {row}" for row in set(now) - set(told) - {""}]
            if not shared and len(now) != len(told):
                found.append(f"{name}: {len(now)} rows instead of {len(told)}")
    return found


def _rows(query: Query, name: str, condition: str) -> Rows:
    sql = f"select t from {name} as t where {condition}"  # noqa: S608 - names and conditions of ours
    return [row for (row,) in query(sql) if isinstance(row, dict)]


def _shared(before: Proven, query: Query) -> Collection[object]:
    """Return the numbers of papers that other documents are proven to describe."""
    real = {row["sha256"] for row in before.tables["documents"]}
    return {
        row["pith_number"]
        for row in _rows(query, "documents", _BY_PROOF)
        if row["sha256"] not in real
    }


def _told(name: str, row: dict[str, object], before: Proven, shared: Collection[object]) -> str:
    """Return what is compared of a row, as a text; "" if nothing is."""
    number = row.get("pith_number", row.get("cited_pith_number"))
    kept = {key: value for key, value in row.items() if key not in _COUNTED.get(name, ())}
    if name == "documents":
        return repr(kept)
    if number in shared or (name == "keys" and shared):
        if name == "papers" and before.numbers.get(number) == "signed":
            kept = {key: value for key, value in kept.items() if not key.startswith(_LISTED)}
        else:
            kept = {key: kept[key] for key in _COVERED.get(name, "").split()}
    return repr(kept) if kept else ""
