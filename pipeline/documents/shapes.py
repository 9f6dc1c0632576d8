"""The shapes of the documents, as declared types: the fields that are read, and their types.

A declared field is checked for its type. An undeclared field is *extra* and kept whole. `Unseen`
marks a field that is empty in all real documents. Any value of it is kept whole, too
(docs/format.md, "Shapes never seen").

Every field but a paper's number and canonical record may be absent or null.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pipeline.limits import (
    MAX_EVENTS,
    MAX_ITEMS,
    MAX_KEY_CHARACTERS,
    MAX_KEYS,
    MAX_LABEL_CHARACTERS,
    MAX_NUMBER_CHARACTERS,
)

Text = str | None
Flag = bool | None
#: Integers fit a BIGINT column; larger ones refuse the document as a wrong type.
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None
#: A document's Pith number, as it states it.
Number = Annotated[str, Meta(max_length=MAX_NUMBER_CHARACTERS)]
#: The name of a key, and the text of a key.
Label = Annotated[str, Meta(max_length=MAX_LABEL_CHARACTERS)] | None
KeyText = Annotated[str, Meta(max_length=MAX_KEY_CHARACTERS)] | None
#: The most objects in a list whose items become rows.
Items = Meta(max_length=MAX_ITEMS)
Events = Meta(max_length=MAX_EVENTS)
#: A list of texts, such as categories.
Texts = Annotated[list[str], Meta(max_length=MAX_ITEMS)] | None
#: Any value, kept whole as JSON in its own column.
Json = Any
#: A field without a column, because real documents only hold null, `[]` or `{}` there. Any other
#: value is extra.
Unseen = Annotated[Any, Meta(title="unseen")]
#: Kept whole as JSON, too; whether its shape is known depends on the type of its event.
Payload = Annotated[Any, Meta(title="payload")]


class Shape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An object of a document; an undeclared field is an error that `read` turns into extra."""


class Source(Shape):
    """Where a paper comes from, such as arXiv, with its id and version."""

    kind: Text = None
    id: Text = None
    version: Integer = None


class Metadata(Shape):
    """The facts about a paper in a canonical record."""

    license: Text = None
    primary_cat: Text = None
    submitted_at: Text = None
    cross_cats_sorted: Texts = None
    title_canon_sha256: Text = None
    abstract_canon_sha256: Text = None


class CanonicalRecord(Shape):
    """The record from whose digest the Pith number derives."""

    source: Source
    metadata: Metadata
    schema_version: Text = None


class Signature(Shape):
    """A signature over an event's digest."""

    signature_status: Text = None
    algorithm: Label = None
    key_id: Label = None
    public_key_fingerprint: Label = None
    signature_b64: Text = None
    signed_message: Text = None
    signed_at: Text = None


class BundleSignature(Signature):
    """The signature over a whole bundle, with the digest that it states."""

    bundle_sha256: Text = None


class Receipt(Shape):
    """The registry's signature over a canonical record, with its circumstances."""

    kind: Text = None
    key_id: Label = None
    algorithm: Label = None
    signed_at: Text = None
    signature_b64: Text = None
    signed_message: Text = None
    builder_version: Text = None
    receipt_version: Text = None
    canonical_sha256: Text = None
    last_reissued_at: Text = None
    signature_status: Text = None
    first_computed_at: Text = None
    public_key_fingerprint: Label = None


class Paper(Shape):
    """The texts of a paper."""

    title: Text = None
    license: Text = None
    headline: Text = None
    cross_cats: Texts = None
    primary_cat: Text = None
    authors_text: Text = None
    submitted_at: Text = None
    abstract_excerpt: Text = None


class Claim(Shape):
    """One claim that was extracted from a paper."""

    claim_id: Text = None
    kind: Text = None
    text: Text = None
    source: Text = None
    status: Text = None
    attestation: Text = None


class Claims(Shape):
    """The claims of a graph snapshot."""

    count: Integer = None
    items: Annotated[list[Claim], Items] | None = None
    snapshot_sha256: Text = None


class PaperVerdict(Shape):
    """The conclusions of the registry's pipeline on a paper."""

    id: Text = None
    model_set: Unseen = None
    created_at: Text = None
    strongest_claim: Text = None
    one_line_summary: Text = None
    pipeline_version: Text = None
    weakest_assumption: Text = None
    pith_extraction_headline: Text = None


class References(Shape):
    """The outgoing references of a graph snapshot."""

    count: Integer = None
    sample: Unseen = None
    resolved_work: Integer = None
    snapshot_sha256: Text = None
    internal_anchors: Integer = None


class FormalEvidence(Shape):
    """The links into formal canons of a graph snapshot."""

    evidence_count: Integer = None
    snapshot_sha256: Text = None


class AuthorClaims(Shape):
    """The claims of authorship of a graph snapshot."""

    count: Integer = None
    strong_count: Integer = None
    snapshot_sha256: Text = None


class GraphSnapshot(Shape):
    """The graph around a paper at one time."""

    paper: Paper | None = None
    claims: Claims | None = None
    source: Source | None = None
    verdict: PaperVerdict | None = None
    references: References | None = None
    formal_canon: FormalEvidence | None = None
    author_claims: AuthorClaims | None = None
    builder_version: Text = None


class Alias(Shape):
    """Another name of a paper."""

    alias_kind: str
    alias_value: str
    created_at: Text = None


class VerificationStatus(Shape):
    """The registry's own statements about the verification of a record."""

    content_addressed: Flag = None
    pith_receipt: Flag = None
    author_attested: Flag = None
    weak_author_claims: Integer = None
    strong_author_claims: Integer = None
    externally_anchored: Flag = None
    storage_verified: Flag = None
    citation_signatures: Integer = None
    replication_records: Integer = None
    graph_snapshot: Flag = None
    references_resolved: Flag = None
    formal_links_present: Flag = None


class InboundCitation(Shape):
    """A paper that cites this one."""

    citing_arxiv_id: Text = None
    citing_title: Text = None
    ref_index: Integer = None
    is_internal_anchor: Flag = None


class InboundCitations(Shape):
    """The citations of a paper: their count, and a sample that need not be all."""

    count: Integer = None
    internal_anchor_count: Integer = None
    sample: Annotated[list[InboundCitation], Items] | None = None


class FormalCanon(Shape):
    """The links into formal canons of a record."""

    evidence_count: Integer = None
    sample: Unseen = None
    anchors: Unseen = None


class Signer(Shape):
    """Who signed an event."""

    signer_id: Text = None
    signer_type: Text = None
    key_id: Label = None
    public_key_fingerprint: Label = None


class RecordCreated(Shape):
    """The payload of a `record_created` event."""

    canonical_record: CanonicalRecord
    canonical_sha256: Text = None
    receipt: Receipt | None = None
    source_kind: Text = None
    source_id: Text = None
    source_version: Integer = None
    attestation_state: Text = None


class GraphSnapshotTaken(Shape):
    """The payload of a `graph_snapshot` event."""

    graph_snapshot: GraphSnapshot
    verdict_id: Text = None


#: The payloads of which the shape is known, by event type; any other is kept as JSON.
PAYLOADS: dict[str, type[Shape]] = {
    "record_created": RecordCreated,
    "graph_snapshot": GraphSnapshotTaken,
}


class Event(Shape):
    """A signed event of a bundle."""

    event_type: Text = None
    subject_pith_number: Text = None
    target: Text = None
    payload: Payload = None
    signer: Signer | None = None
    created_at: Text = None
    supersedes: Json = None
    prev_event: Json = None
    signature: Signature | None = None
    content_sha256: Text = None
    schema_version: Text = None
    event_id: Text = None


class StateEvent(Shape):
    """An event as the merged state keeps it: without its signature."""

    event_id: Text = None
    target: Text = None
    created_at: Text = None
    signer: Signer | None = None
    payload: Json = None


class CreatedEvent(StateEvent, kw_only=True):
    """The `record_created` event of a state."""

    payload: RecordCreated


class SnapshotEvent(StateEvent, kw_only=True):
    """A `graph_snapshot` event of a state."""

    payload: GraphSnapshotTaken


class Current(Shape):
    """The result of merging a state's events."""

    canonical_record: CanonicalRecord
    source_aliases: Annotated[list[Alias], Items] | None = None
    graph_snapshots: Annotated[list[SnapshotEvent], Events] | None = None
    author_attestations: Json = None
    timestamp_anchors: Json = None
    storage_attestations: Json = None
    citation_signatures: Json = None
    replication_records: Json = None
    corrections: Json = None
    mirror_hints: Unseen = None
    record_created: CreatedEvent | None = None


class State(Shape):
    """A state document, standing alone or embedded in a bundle."""

    pith_number: Number
    current: Current
    state_type: Text = None
    state_version: Text = None
    merge_version: Text = None
    event_count: Integer = None
    valid_event_count: Integer = None
    invalid_event_count: Integer = None
    equivocation_count: Integer = None
    equivocations: Json = None
    invalid_events: Json = None
    applied_event_ids: Texts = None
    state_sha256: Text = None


class PublicKey(Shape):
    """A key that a bundle carries; it proves nothing about the bundle."""

    key_id: Label = None
    algorithm: Label = None
    format: Label = None
    public_key_b64: KeyText = None
    public_key_hex: KeyText = None
    fingerprint_sha256_b32_first128bits: Label = None
    fingerprint_sha256_hex: Label = None
    rotates_at: Json = None
    url: Text = None
    notes: Text = None


class Record(Shape):
    """A record document."""

    pith_number: Number
    canonical_record: CanonicalRecord
    record_type: Text = None
    schema_url: Text = None
    short_pith_number: Text = None
    schema_version: Text = None
    canonical_sha256: Text = None
    source: Source | None = None
    attestation_state: Text = None
    paper: Paper | None = None
    verification_status: VerificationStatus | None = None
    receipt: Receipt | None = None
    graph_snapshot: GraphSnapshot | None = None
    aliases: Annotated[list[Alias], Items] | None = None
    events: Unseen = None
    event_summary: Unseen = None
    paper_claims: Unseen = None
    inbound_citations: InboundCitations | None = None
    formal_canon: FormalCanon | None = None
    links: Json = None
    agent_actions: Json = None
    created_at: Text = None
    updated_at: Text = None


class Bundle(Shape):
    """A bundle document."""

    pith_number: Number
    canonical_record: CanonicalRecord
    bundle_type: Text = None
    bundle_version: Text = None
    short_pith_number: Text = None
    canonical_sha256: Text = None
    source: Source | None = None
    source_aliases: Annotated[list[Alias], Items] | None = None
    events: Annotated[list[Event], Events] | None = None
    timestamp_proofs: Unseen = None
    mirror_hints: Json = None
    public_keys: Annotated[list[PublicKey], Meta(max_length=MAX_KEYS)] | None = None
    merge_version: Text = None
    built_at: Text = None
    links: Json = None
    state: State | None = None
    bundle_signature: BundleSignature | None = None


class IntegrityFinding(Shape):
    """What a detector found in a paper, as an integrity document lists it and as an event says it.

    A list gives some of the fields, and the payload of an event more of them.
    """

    event_type: Text = None
    detector: Text = None
    detector_version: Text = None
    finding_type: Text = None
    verdict_class: Text = None
    severity: Text = None
    arxiv_id: Text = None
    paper_version: Integer = None
    evidence_hash: Label = None
    evidence: Json = None
    audited_at: Text = None
    snippet: Text = None
    note: Text = None
    ref_index: Integer = None
    detected_doi: Text = None
    detected_arxiv_id: Text = None
    external_url: Text = None
    resolved_title: Text = None
    detector_url: Text = None

    @property
    def says_what(self) -> bool:
        """Whether it says who found what; the payload of another event, a challenge, need not."""
        return bool(self.detector and self.finding_type)


#: The type of the events that say what a detector found, in integrity documents and in bundles.
INTEGRITY_EVENT = "pith.integrity.v1"


class IntegrityEvent(Shape):
    """An event of an integrity document: its signature is over a digest that it states."""

    event_id: Integer = None
    event_type: Text = None
    payload_sha256: Label = None
    signature_b64: Text = None
    signing_key_id: Label = None
    created_at: Text = None
    payload: Payload = None


class DetectorRun(Shape):
    """One run of a detector over a paper."""

    name: Text = None
    version: Text = None
    status: Text = None
    ran_at: Text = None
    findings_count: Integer = None


class IntegritySummary(Shape):
    """How many findings an integrity document counts."""

    critical: Integer = None
    advisory: Integer = None
    informational: Integer = None
    by_detector: Json = None


class IntegrityReport(Shape):
    """What an integrity document reports: the detectors that ran, and what they found."""

    available: Flag = None
    endpoint: Text = None
    clean: Flag = None
    snapshot_sha256: Text = None
    summary: IntegritySummary | None = None
    detectors_run: Annotated[list[DetectorRun], Items] | None = None
    findings: Annotated[list[IntegrityFinding], Items] | None = None


class Integrity(Shape):
    """An integrity document; its number is, as far as seen, the bare arXiv id."""

    schema: Text = None
    pith_number: Number | None = None
    arxiv_id: Label = None
    integrity: IntegrityReport | None = None
    events: Annotated[list[IntegrityEvent], Events] | None = None


class Mirror(Shape):
    """Who mirrors the registry, and where."""

    name: Text = None
    mirror_type: Text = None
    base_url: Text = None
    bundle_pattern: Text = None
    state_pattern: Text = None
    well_known_pattern: Text = None
    public_key: PublicKey | None = None
    status: Text = None


class MirrorManifest(Shape):
    """The list of mirrors; it has no number and no signature."""

    manifest_type: Text = None
    manifest_version: Text = None
    generated_at: Text = None
    merge_version: Text = None
    mirrors: Annotated[list[Mirror], Items] | None = None
    notes: Json = None


#: The shapes of the documents that tell of a paper and hold its canonical record.
PaperDocument = Record | Bundle | State
#: The shapes of all documents.
AnyDocument = PaperDocument | Integrity | MirrorManifest
