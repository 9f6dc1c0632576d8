"""The staged tables: what `flatten` makes of one document, and the models read.

Every row carries `doc`, the number of its document in the batch, so that staged
rows never change and can be kept between runs. Types are Arrow's; times are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

_TEXT, _INT, _BOOL = pa.string(), pa.int64(), pa.bool_()
_TIME, _TEXTS = pa.timestamp("us"), pa.list_(pa.string())


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([("doc", _INT), *columns.items()])


#: Where each input document was found; the only staged table that knows paths.
INPUTS = pa.schema(
    [
        ("path", _TEXT),
        ("position", _INT),
        ("bytes", _INT),
        ("sha256", _TEXT),
        ("status", _TEXT),
        ("reason", _TEXT),
    ]
)

#: One row a distinct document, whatever became of it.
_DOCUMENTS = _schema(
    sha256=_TEXT,
    kind=_TEXT,
    status=_TEXT,
    reason=_TEXT,
    place=_TEXT,
    pith_number=_TEXT,
    short_pith_number=_TEXT,
    format_version=_TEXT,
    schema_url=_TEXT,
    merge_version=_TEXT,
    created_at=_TIME,
    updated_at=_TIME,
    built_at=_TIME,
    canonical_sha256=_TEXT,
    canonical_sha256_computed=_TEXT,
    bundle_sha256=_TEXT,
    bundle_sha256_computed=_TEXT,
    links=_TEXT,
    agent_actions=_TEXT,
    mirror_hints=_TEXT,
    merged_sha256=_TEXT,
    extra_count=_INT,
    extra=_TEXT,
)

_PAPERS = _schema(
    pith_number=_TEXT,
    source_kind=_TEXT,
    source_id=_TEXT,
    source_version=_INT,
    schema_version=_TEXT,
    license=_TEXT,
    primary_cat=_TEXT,
    cross_cats=_TEXTS,
    submitted_at=_TIME,
    title=_TEXT,
    title_canon_sha256=_TEXT,
    title_status=_TEXT,
    headline=_TEXT,
    abstract_excerpt=_TEXT,
    abstract_canon_sha256=_TEXT,
    abstract_status=_TEXT,
    authors_text=_TEXT,
    attestation_state=_TEXT,
    canonical_sha256=_TEXT,
    canonical_status=_TEXT,
    number_status=_TEXT,
    receipt_pointer=_TEXT,
    receipt_kind=_TEXT,
    receipt_version=_TEXT,
    receipt_builder_version=_TEXT,
    receipt_first_computed_at=_TIME,
    receipt_last_reissued_at=_TIME,
    graph_pointer=_TEXT,
    graph_builder_version=_TEXT,
    claims_count=_INT,
    claims_snapshot_sha256=_TEXT,
    references_count=_INT,
    references_resolved_work=_INT,
    references_internal_anchors=_INT,
    references_snapshot_sha256=_TEXT,
    formal_canon_evidence_count=_INT,
    formal_canon_snapshot_sha256=_TEXT,
    author_claims_count=_INT,
    author_claims_strong_count=_INT,
    author_claims_snapshot_sha256=_TEXT,
    verdict_id=_TEXT,
    verdict_created_at=_TIME,
    verdict_pipeline_version=_TEXT,
    verdict_strongest_claim=_TEXT,
    verdict_weakest_assumption=_TEXT,
    verdict_one_line_summary=_TEXT,
    verdict_extraction_headline=_TEXT,
)

#: What only a record states of a paper.
_RECORDS = _schema(
    pith_number=_TEXT,
    content_addressed=_BOOL,
    pith_receipt=_BOOL,
    author_attested=_BOOL,
    weak_author_claims=_INT,
    strong_author_claims=_INT,
    externally_anchored=_BOOL,
    storage_verified=_BOOL,
    citation_signatures=_INT,
    replication_records=_INT,
    graph_snapshot=_BOOL,
    references_resolved=_BOOL,
    formal_links_present=_BOOL,
    inbound_citation_count=_INT,
    inbound_internal_anchor_count=_INT,
    inbound_sample_count=_INT,
    formal_canon_evidence_count=_INT,
)

_ALIASES = _schema(pith_number=_TEXT, kind=_TEXT, value=_TEXT, created_at=_TIME, pointer=_TEXT)

_EVENTS = _schema(
    pointer=_TEXT,
    position=_INT,
    origin=_TEXT,
    document_pith_number=_TEXT,
    event_id=_TEXT,
    event_type=_TEXT,
    subject_pith_number=_TEXT,
    target=_TEXT,
    signer_id=_TEXT,
    signer_type=_TEXT,
    signer_key_id=_TEXT,
    signer_fingerprint=_TEXT,
    created_at=_TIME,
    prev_event=_TEXT,
    supersedes=_TEXT,
    payload=_TEXT,
    schema_version=_TEXT,
    content_sha256=_TEXT,
    content_sha256_computed=_TEXT,
    payload_sha256=_TEXT,
    content_ok=_BOOL,
)

_CITATIONS = _schema(
    pith_number=_TEXT,
    position=_INT,
    citing_arxiv_id=_TEXT,
    citing_title=_TEXT,
    ref_index=_INT,
    is_internal_anchor=_BOOL,
)

_CLAIMS = _schema(
    pith_number=_TEXT,
    position=_INT,
    claim_id=_TEXT,
    kind=_TEXT,
    text=_TEXT,
    source=_TEXT,
    status=_TEXT,
    attestation=_TEXT,
)

_SIGNATURES = _schema(
    pointer=_TEXT,
    kind=_TEXT,
    subject=_TEXT,
    pith_number=_TEXT,
    key_id=_TEXT,
    public_key_fingerprint=_TEXT,
    algorithm=_TEXT,
    signature_status=_TEXT,
    signed_message=_TEXT,
    expected_message=_TEXT,
    signature_b64=_TEXT,
    signed_at=_TIME,
    digest_computed=_TEXT,
    digest_stated=_TEXT,
    unapplied=_BOOL,
    verdict=_TEXT,
    public_key_b64=_TEXT,
    carried=_BOOL,
    carried_any=_BOOL,
)

_STATES = _schema(
    embedded=_BOOL,
    pith_number=_TEXT,
    state_version=_TEXT,
    merge_version=_TEXT,
    event_count=_INT,
    valid_event_count=_INT,
    invalid_event_count=_INT,
    equivocation_count=_INT,
    applied_event_ids=_TEXTS,
    equivocations=_TEXT,
    invalid_events=_TEXT,
    state_sha256=_TEXT,
    state_sha256_computed=_TEXT,
    merge_status=_TEXT,
    merge_pointer=_TEXT,
)

_KEYS = _schema(
    pointer=_TEXT,
    key_id=_TEXT,
    algorithm=_TEXT,
    format=_TEXT,
    public_key_b64=_TEXT,
    public_key_hex=_TEXT,
    fingerprint_sha256_hex=_TEXT,
    fingerprint_sha256_b32=_TEXT,
    fingerprint_computed=_TEXT,
    key_status=_TEXT,
    rotates_at=_TEXT,
    url=_TEXT,
    notes=_TEXT,
)

#: What one document alone shows to be wrong. `breaks` says that the document's content is
#: not what its hashes and numbers say; `unapplied`, here and in `signatures`, that it stands in an
#: event which the bundle's state does not apply.
_PROBLEMS = _schema(
    code=_TEXT,
    pointer=_TEXT,
    expected=_TEXT,
    actual=_TEXT,
    breaks=_BOOL,
    unapplied=_BOOL,
    occurrences=_INT,
)

#: Staged table to its schema, without `INPUTS`.
TABLES: dict[str, pa.Schema] = {
    "documents": _DOCUMENTS,
    "papers": _PAPERS,
    "records": _RECORDS,
    "aliases": _ALIASES,
    "events": _EVENTS,
    "citations": _CITATIONS,
    "claims": _CLAIMS,
    "signatures": _SIGNATURES,
    "states": _STATES,
    "keys": _KEYS,
    "problems": _PROBLEMS,
}


def to_arrow(schema: pa.Schema, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    """Return rows, tuples in the order of the schema, as an Arrow table."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = [
        pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
