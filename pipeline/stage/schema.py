"""The staged tables: `flatten` makes their rows from one document, and the models read them.

A class is a table, and its fields are the columns: name, type and order stand here once. Every
row carries `doc`, the number of its document in the batch, so that staged rows never change and
can be kept between runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal, NewType, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from pipeline.vocabulary import (
    DigestStatus,
    FindingOrigin,
    KeyStatus,
    Kind,
    MergeStatus,
    SignatureKind,
    SignatureVerdict,
    Status,
    TextStatus,
)

#: A time in microseconds, UTC.
Time = NewType("Time", int)


class Row(msgspec.Struct, kw_only=True, gc=False):
    """A row of a staged table, made by the names of its columns."""


class InputRow(Row):
    """Where an input document was found; the only staged table that knows paths."""

    path: str
    position: int
    bytes: int | None
    sha256: str | None
    status: Status | None
    reason: str | None


class DocumentRow(Row):
    """A distinct document, accepted or not."""

    doc: int
    sha256: str | None = None
    kind: Kind | None = None
    status: Status | None = None
    reason: str | None = None
    place: str | None = None
    pith_number: str | None = None
    short_pith_number: str | None = None
    format_version: str | None = None
    schema_url: str | None = None
    merge_version: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    built_at: Time | None = None
    canonical_sha256: str | None = None
    canonical_sha256_computed: str | None = None
    bundle_sha256: str | None = None
    bundle_sha256_computed: str | None = None
    links: str | None = None
    agent_actions: str | None = None
    mirror_hints: str | None = None
    header: str | None = None
    merged_sha256: str | None = None
    extra_count: int | None = None
    extra: str | None = None


class PaperRow(Row):
    """A paper as one document tells it."""

    doc: int
    pith_number: str | None = None
    source_kind: str | None = None
    source_id: str | None = None
    source_version: int | None = None
    schema_version: str | None = None
    license: str | None = None
    primary_cat: str | None = None
    cross_cats: list[str] | None = None
    submitted_at: Time | None = None
    title: str | None = None
    title_canon_sha256: str | None = None
    title_status: TextStatus | None = None
    headline: str | None = None
    abstract_excerpt: str | None = None
    abstract_canon_sha256: str | None = None
    abstract_status: TextStatus | None = None
    authors_text: str | None = None
    attestation_state: str | None = None
    canonical_sha256: str | None = None
    canonical_status: DigestStatus | None = None
    number_status: DigestStatus | None = None
    receipt_pointer: str | None = None
    receipt_kind: str | None = None
    receipt_version: str | None = None
    receipt_builder_version: str | None = None
    receipt_first_computed_at: Time | None = None
    receipt_last_reissued_at: Time | None = None
    graph_pointer: str | None = None
    graph_builder_version: str | None = None
    claims_count: int | None = None
    claims_snapshot_sha256: str | None = None
    references_count: int | None = None
    references_resolved_work: int | None = None
    references_internal_anchors: int | None = None
    references_snapshot_sha256: str | None = None
    formal_canon_evidence_count: int | None = None
    formal_canon_snapshot_sha256: str | None = None
    author_claims_count: int | None = None
    author_claims_strong_count: int | None = None
    author_claims_snapshot_sha256: str | None = None
    verdict_id: str | None = None
    verdict_created_at: Time | None = None
    verdict_pipeline_version: str | None = None
    verdict_strongest_claim: str | None = None
    verdict_weakest_assumption: str | None = None
    verdict_one_line_summary: str | None = None
    verdict_extraction_headline: str | None = None


class RecordRow(Row):
    """The facts on a paper that only a record states."""

    doc: int
    pith_number: str | None = None
    content_addressed: bool | None = None
    pith_receipt: bool | None = None
    author_attested: bool | None = None
    weak_author_claims: int | None = None
    strong_author_claims: int | None = None
    externally_anchored: bool | None = None
    storage_verified: bool | None = None
    citation_signatures: int | None = None
    replication_records: int | None = None
    graph_snapshot: bool | None = None
    references_resolved: bool | None = None
    formal_links_present: bool | None = None
    inbound_citation_count: int | None = None
    inbound_internal_anchor_count: int | None = None
    inbound_sample_count: int | None = None
    formal_canon_evidence_count: int | None = None


class AliasRow(Row):
    """Another name of a paper."""

    doc: int
    pith_number: str | None = None
    kind: str | None = None
    value: str | None = None
    created_at: Time | None = None
    pointer: str | None = None


class EventRow(Row):
    """An event of a bundle or a state."""

    doc: int
    pointer: str | None = None
    position: int | None = None
    origin: Kind | None = None
    document_pith_number: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    subject_pith_number: str | None = None
    target: str | None = None
    signer_id: str | None = None
    signer_type: str | None = None
    signer_key_id: str | None = None
    signer_fingerprint: str | None = None
    created_at: Time | None = None
    prev_event: str | None = None
    supersedes: str | None = None
    payload: str | None = None
    schema_version: str | None = None
    content_sha256: str | None = None
    content_sha256_computed: str | None = None
    payload_sha256: str | None = None
    content_ok: bool | None = None


class CitationRow(Row):
    """An inbound citation that a record samples."""

    doc: int
    pith_number: str | None = None
    position: int | None = None
    citing_arxiv_id: str | None = None
    citing_title: str | None = None
    ref_index: int | None = None
    is_internal_anchor: bool | None = None


class ClaimRow(Row):
    """A claim of a graph snapshot."""

    doc: int
    pith_number: str | None = None
    position: int | None = None
    claim_id: str | None = None
    kind: str | None = None
    text: str | None = None
    source: str | None = None
    status: str | None = None
    attestation: str | None = None


class SignatureRow(Row):
    """A signature, or one that the format demands and the document lacks.

    The last four columns stay open until the batch is verified.
    """

    doc: int
    pointer: str | None = None
    kind: SignatureKind | None = None
    subject: str | None = None
    pith_number: str | None = None
    key_id: str | None = None
    public_key_fingerprint: str | None = None
    algorithm: str | None = None
    signature_status: str | None = None
    signed_message: str | None = None
    expected_message: str | None = None
    signature_b64: str | None = None
    signed_at: Time | None = None
    digest_computed: str | None = None
    digest_stated: str | None = None
    unapplied: bool | None = None
    verdict: SignatureVerdict | None = None
    public_key_b64: str | None = None
    carried: bool | None = None
    carried_any: bool | None = None


class StateRow(Row):
    """A state, alone or in a bundle."""

    doc: int
    embedded: bool | None = None
    pith_number: str | None = None
    state_version: str | None = None
    merge_version: str | None = None
    event_count: int | None = None
    valid_event_count: int | None = None
    invalid_event_count: int | None = None
    equivocation_count: int | None = None
    applied_event_ids: list[str] | None = None
    equivocations: str | None = None
    invalid_events: str | None = None
    state_sha256: str | None = None
    state_sha256_computed: str | None = None
    merge_status: MergeStatus | None = None
    merge_pointer: str | None = None


class KeyRow(Row):
    """A key that a bundle or a mirror manifest carries."""

    doc: int
    pointer: str | None = None
    key_id: str | None = None
    algorithm: str | None = None
    format: str | None = None
    public_key_b64: str | None = None
    public_key_hex: str | None = None
    fingerprint_sha256_hex: str | None = None
    fingerprint_sha256_b32: str | None = None
    fingerprint_computed: str | None = None
    key_status: KeyStatus | None = None
    rotates_at: str | None = None
    url: str | None = None
    notes: str | None = None


class IntegrityRow(Row):
    """What a detector found, as one place of a document states it.

    `origin` is `event` or `listed` in an integrity document, and `bundle` for an event of a bundle.
    """

    doc: int
    pointer: str | None = None
    position: int | None = None
    origin: FindingOrigin | None = None
    finding_id: str | None = None
    pith_number: str | None = None
    arxiv_id: str | None = None
    paper_version: int | None = None
    detector: str | None = None
    detector_version: str | None = None
    finding_type: str | None = None
    severity: str | None = None
    verdict_class: str | None = None
    ref_index: int | None = None
    detected_doi: str | None = None
    detected_arxiv_id: str | None = None
    resolved_title: str | None = None
    external_url: str | None = None
    detector_url: str | None = None
    snippet: str | None = None
    note: str | None = None
    evidence_hash: str | None = None
    evidence: str | None = None
    audited_at: Time | None = None
    event_id: str | None = None
    created_at: Time | None = None
    payload_sha256: str | None = None
    payload_digest: str | None = None
    content_ok: bool | None = None
    signature_pointer: str | None = None


class DetectorRow(Row):
    """A run of a detector, as an integrity document lists it."""

    doc: int
    position: int | None = None
    arxiv_id: str | None = None
    name: str | None = None
    version: str | None = None
    status: str | None = None
    ran_at: Time | None = None
    findings_count: int | None = None


class MirrorRow(Row):
    """A mirror, as a manifest lists it."""

    doc: int
    position: int | None = None
    name: str | None = None
    mirror_type: str | None = None
    base_url: str | None = None
    bundle_pattern: str | None = None
    state_pattern: str | None = None
    well_known_pattern: str | None = None
    status: str | None = None
    key_id: str | None = None
    public_key_b64: str | None = None


class ProblemRow(Row):
    """A problem that one document alone shows.

    `breaks` says that the document's content is not what its hashes and numbers say; `unapplied`,
    here and in `signatures`, that it stands in an event which the bundle's state does not apply.
    """

    doc: int
    code: str | None = None
    pointer: str | None = None
    expected: str | None = None
    actual: str | None = None
    breaks: bool | None = None
    unapplied: bool | None = None
    occurrences: int | None = None


#: Staged table to the class of its rows.
ROWS: dict[str, type[Row]] = {
    "documents": DocumentRow,
    "papers": PaperRow,
    "records": RecordRow,
    "aliases": AliasRow,
    "events": EventRow,
    "citations": CitationRow,
    "claims": ClaimRow,
    "signatures": SignatureRow,
    "states": StateRow,
    "keys": KeyRow,
    "integrity": IntegrityRow,
    "detectors": DetectorRow,
    "mirrors": MirrorRow,
    "problems": ProblemRow,
}

_TYPES: dict[object, pa.DataType] = {
    str | None: pa.string(),
    int | None: pa.int64(),
    bool | None: pa.bool_(),
    Time | None: pa.timestamp("us"),
    list[str] | None: pa.list_(pa.string()),
}


def arrow_schema(row: type[Row]) -> pa.Schema:
    """Return the Arrow schema of a class of rows."""
    hints = get_type_hints(row)
    return pa.schema([(name, _arrow_type(hint)) for name, hint in hints.items()])


def _arrow_type(hint: Any) -> pa.DataType:  # noqa: ANN401 - a type, or one of `pipeline.vocabulary`
    words = any(get_origin(part) is Literal for part in (hint, *get_args(hint)))
    return pa.string() if words else _TYPES[hint | None]


#: Staged table to its schema, without `INPUTS`.
TABLES: dict[str, pa.Schema] = {name: arrow_schema(row) for name, row in ROWS.items()}
INPUTS = arrow_schema(InputRow)


def to_arrow(schema: pa.Schema, rows: Sequence[object]) -> pa.Table:
    """Return rows, objects with an attribute for each column, as an Arrow table."""
    if not rows:
        return schema.empty_table()
    # the fields of a row are its columns, in order, and to copy them all at once takes half as long
    own = isinstance(rows[0], Row)
    cells: Callable[[Any], tuple[Any, ...]] = astuple if own else attrgetter(*schema.names)
    columns = zip(*map(cells, rows), strict=True)
    arrays = [
        pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
