"""One document becomes rows: every digest recomputed, every field in a column or in extra.

The functions append rows to the tables of `pipeline.staged`. They see one document at a time
and decide nothing that needs another document or a keyring.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from pipeline import chains
from pipeline.canonical import base32_id, sha256_hex, snapshot_digest, text_digest, without
from pipeline.document import Document, ReadEvent
from pipeline.keyring import fingerprint
from pipeline.merge import merged_content, state_difference
from pipeline.rows import Rows, Sheet, json_text
from pipeline.shapes import (
    Alias,
    AuthorClaims,
    Bundle,
    CanonicalRecord,
    Claims,
    Event,
    FormalEvidence,
    GraphSnapshot,
    GraphSnapshotTaken,
    Paper,
    PublicKey,
    Receipt,
    Record,
    RecordCreated,
    References,
    Signature,
    Signer,
    Source,
    State,
    Verdict,
)
from pipeline.verify import KEY_BYTES, decode_base64

#: An excerpt is cut at this many characters (docs/format.md); a shorter one is whole.
EXCERPT_CHARACTERS = 600


def flatten(rows: Rows, doc: int, sha256: str, document: Document) -> None:
    """Append all rows of one document.

    Args:
        rows: of the batch.
        doc: the document's number in it.
        sha256: the digest of its raw bytes, in hex.
        document: as it was read.
    """
    sheet, shape = Sheet(rows, doc, sha256, document), document.shape
    if isinstance(shape, Record):
        _record(sheet, shape)
    elif isinstance(shape, Bundle):
        _bundle(sheet, shape)
    else:
        _state_document(sheet, shape)


# -- the three kinds --------------------------------------------------------------------------


def _record(sheet: Sheet, record: Record) -> None:
    canonical = record.canonical_record
    snapshot = record.graph_snapshot or GraphSnapshot()
    paper = record.paper or snapshot.paper or Paper()
    _document_row(
        sheet,
        short_pith_number=record.short_pith_number,
        format_version=record.schema_version,
        schema_url=record.schema_url,
        created_at=sheet.time(record.created_at, "/created_at"),
        updated_at=sheet.time(record.updated_at, "/updated_at"),
        canonical_sha256=record.canonical_sha256,
        links=json_text(record.links),
        agent_actions=json_text(record.agent_actions),
    )
    status = _canonical_status(sheet, record.canonical_sha256)
    _receipt(sheet, "/receipt", record.receipt, sheet.canonical_sha256)
    _source(sheet, "/source", record.source, canonical)
    _source(sheet, "/graph_snapshot/source", snapshot.source, canonical)
    if snapshot.paper is not None:
        _same_texts(sheet, paper, snapshot.paper)
    _paper(
        sheet,
        canonical,
        ("/paper", paper),
        ("/graph_snapshot", snapshot),
        ("/receipt", record.receipt),
        attestation_state=record.attestation_state,
        canonical_status=status,
    )
    _aliases(sheet, "/aliases", record.aliases)
    _record_row(sheet, record)


def _bundle(sheet: Sheet, bundle: Bundle) -> None:
    computed = sheet.digest(without(sheet.document.tree, "bundle_signature"))
    signature = bundle.bundle_signature
    stated = signature.bundle_sha256 if signature else None
    _document_row(
        sheet,
        short_pith_number=bundle.short_pith_number,
        format_version=bundle.bundle_version,
        merge_version=bundle.merge_version,
        built_at=sheet.time(bundle.built_at, "/built_at"),
        canonical_sha256=bundle.canonical_sha256,
        bundle_sha256=stated,
        bundle_sha256_computed=computed,
        links=json_text(bundle.links),
        mirror_hints=json_text(bundle.mirror_hints),
    )
    status = _canonical_status(sheet, bundle.canonical_sha256)
    sheet.compare("bundle_digest_mismatch", computed, stated, "/bundle_signature/bundle_sha256")
    _keys(sheet, bundle.public_keys)
    place = ("/bundle_signature", "bundle", sheet.pith_number)
    _signature(sheet, place, signature, computed, stated)
    for pointer, value in sheet.document.extra.items():
        if pointer.startswith("/bundle_signature/"):
            sheet.problem("signature_fields_unknown", pointer, None, value, breaks=False)
    _source(sheet, "/source", bundle.source, bundle.canonical_record)
    _events(sheet, bundle.canonical_record, status)
    _aliases(sheet, "/source_aliases", bundle.source_aliases)
    if bundle.state is not None:
        _embedded_state(sheet, bundle.state)


def _state_document(sheet: Sheet, state: State) -> None:
    _document_row(
        sheet,
        format_version=state.state_version,
        merge_version=state.merge_version,
    )
    computed = sheet.digest(without(sheet.document.tree, "state_sha256"))
    _state_row(sheet, state, "", computed, (None, "not_reproducible", None))
    _events(sheet, state.current.canonical_record, "verified")
    _aliases(sheet, "/current/source_aliases", state.current.source_aliases)


# -- documents and papers ---------------------------------------------------------------------


def _document_row(sheet: Sheet, **facts: object) -> None:
    extra = sheet.document.extra
    short = facts.get("short_pith_number")
    if short is not None and short != sheet.pith_number[:5] + sheet.pith_number[10:18]:
        expected = sheet.pith_number[:5] + sheet.pith_number[10:18]
        sheet.problem("short_number_mismatch", "/short_pith_number", expected, short)
    sheet.add_wide(
        "documents",
        sha256=sheet.sha256,
        kind=sheet.document.kind,
        status="ok",
        pith_number=sheet.pith_number,
        canonical_sha256_computed=sheet.canonical_sha256,
        extra_count=len(extra),
        extra=json_text(extra) if extra else None,
        **facts,
    )


def _canonical_status(sheet: Sheet, stated: str | None) -> str:
    return sheet.compare(
        "canonical_digest_mismatch", sheet.canonical_sha256, stated, "/canonical_sha256"
    )


def _number_status(sheet: Sheet, submitted_at: str | None) -> str:
    """Hold the stated Pith number against the one that the canonical record yields."""
    stated, identifier = sheet.pith_number, base32_id(sheet.canonical_sha256)
    computed = f"pith:{(submitted_at or '')[:4]}:{identifier}"
    if stated == computed:
        return "verified"
    year_only = stated.startswith("pith:") and stated.split(":")[2:] == [identifier]
    code = "number_year_mismatch" if year_only else "number_mismatch"
    return sheet.compare(code, computed, stated, "/pith_number")


def _source(sheet: Sheet, pointer: str, source: Source | None, canonical: CanonicalRecord) -> None:
    own, code = canonical.source, "source_disagrees"
    if source is None or source == own:
        return
    sheet.agree(code, own.kind, source.kind, pointer, "/kind")
    sheet.agree(code, own.id, source.id, pointer, "/id")
    sheet.agree(code, own.version, source.version, pointer, "/version")


def _metadata(sheet: Sheet, pointer: str, paper: Paper, canonical: CanonicalRecord) -> None:
    """Hold the texts that repeat the canonical record's metadata against it."""
    metadata = canonical.metadata
    code = "metadata_disagrees"
    sheet.agree(code, metadata.license, paper.license, pointer, "/license")
    sheet.agree(code, metadata.primary_cat, paper.primary_cat, pointer, "/primary_cat")
    sheet.agree(code, metadata.cross_cats_sorted, paper.cross_cats, pointer, "/cross_cats")
    sheet.agree(code, metadata.submitted_at, paper.submitted_at, pointer, "/submitted_at")


def _same_texts(sheet: Sheet, paper: Paper, other: Paper) -> None:
    """Hold a record's two copies of a paper's texts against each other."""
    for name in Paper.__struct_fields__:
        place = ("/graph_snapshot/paper/", name)
        sheet.agree("texts_disagree", getattr(paper, name), getattr(other, name), *place)


def _text_status(sheet: Sheet, code: str, text: str | None, stated: str | None, *place: str) -> str:
    if text is None or stated is None:
        return "unverifiable"
    computed = text_digest(text)
    if computed == stated:
        return "verified"
    if code == "abstract_digest_mismatch" and len(text) == EXCERPT_CHARACTERS:
        return "unverifiable"
    sheet.problem(code, "".join(place), stated, computed)
    return "mismatch"


def _paper(  # noqa: PLR0913 - the parts of a paper, each with the place where it stands
    sheet: Sheet,
    canonical: CanonicalRecord,
    texts: tuple[str, Paper],
    graph: tuple[str, GraphSnapshot],
    receipt: tuple[str | None, Receipt | None],
    *,
    attestation_state: str | None,
    canonical_status: str,
) -> None:
    """Append a paper as this document tells it, with the claims of its snapshot."""
    metadata, (pointer, paper) = canonical.metadata, texts
    _metadata(sheet, pointer, paper, canonical)
    title, abstract = metadata.title_canon_sha256, metadata.abstract_canon_sha256
    sheet.add(
        "papers",
        sheet.pith_number,
        None,  # the short number stands in `documents`
        canonical.source.kind,
        canonical.source.id,
        canonical.source.version,
        canonical.schema_version,
        metadata.license,
        metadata.primary_cat,
        metadata.cross_cats_sorted,
        sheet.time(metadata.submitted_at, _metadata_pointer(sheet), "/submitted_at"),
        paper.title,
        title,
        _text_status(sheet, "title_digest_mismatch", paper.title, title, pointer, "/title"),
        paper.headline,
        paper.abstract_excerpt,
        abstract,
        _text_status(
            sheet,
            "abstract_digest_mismatch",
            paper.abstract_excerpt,
            abstract,
            pointer,
            "/abstract_excerpt",
        ),
        paper.authors_text,
        attestation_state,
        sheet.canonical_sha256,
        canonical_status,
        _number_status(sheet, metadata.submitted_at),
        *_receipt_facts(sheet, *receipt),
        *_graph_facts(sheet, *graph),
    )
    _claims(sheet, *graph)


def _metadata_pointer(sheet: Sheet) -> str:
    """Return where the metadata of the document's canonical record stands."""
    state = sheet.document.kind == "state"
    return "/current/canonical_record/metadata" if state else "/canonical_record/metadata"


def _receipt_facts(
    sheet: Sheet, pointer: str | None, receipt: Receipt | None
) -> tuple[object, ...]:
    """Return the columns of `papers` that tell of its receipt, in their order."""
    if receipt is None or pointer is None:
        return (None,) * 6
    return (
        pointer,
        receipt.kind,
        receipt.receipt_version,
        receipt.builder_version,
        sheet.time(receipt.first_computed_at, pointer, "/first_computed_at"),
        sheet.time(receipt.last_reissued_at, pointer, "/last_reissued_at"),
    )


#: The columns that `papers` has of each part of a snapshot, in their order.
_claims_facts = attrgetter("count", "snapshot_sha256")
_references_facts = attrgetter("count", "resolved_work", "internal_anchors", "snapshot_sha256")
_formal_facts = attrgetter("evidence_count", "snapshot_sha256")
_authors_facts = attrgetter("count", "strong_count", "snapshot_sha256")
_verdict_facts = attrgetter(
    "pipeline_version",
    "strongest_claim",
    "weakest_assumption",
    "one_line_summary",
    "pith_extraction_headline",
)


def _graph_facts(sheet: Sheet, pointer: str, snapshot: GraphSnapshot) -> tuple[object, ...]:
    """Return the columns of `papers` that tell of its graph, in their order."""
    verdict = snapshot.verdict or Verdict()
    return (
        snapshot.builder_version,
        *_claims_facts(snapshot.claims or Claims()),
        *_references_facts(snapshot.references or References()),
        *_formal_facts(snapshot.formal_canon or FormalEvidence()),
        *_authors_facts(snapshot.author_claims or AuthorClaims()),
        verdict.id,
        sheet.time(verdict.created_at, pointer, "/verdict/created_at"),
        *_verdict_facts(verdict),
    )


def _claims(sheet: Sheet, pointer: str, snapshot: GraphSnapshot) -> None:
    for position, claim in enumerate((snapshot.claims and snapshot.claims.items) or ()):
        sheet.add(
            "claims",
            sheet.pith_number,
            position,
            claim.claim_id,
            claim.kind,
            claim.text,
            claim.source,
            claim.status,
            claim.attestation,
        )
    _snapshot_digests(sheet, pointer, snapshot)


def _record_row(sheet: Sheet, record: Record) -> None:
    """Append what only a record states, and its inbound citations."""
    status, inbound, formal = (
        record.verification_status,
        record.inbound_citations,
        record.formal_canon,
    )
    flags = {name: getattr(status, name) for name in status.__struct_fields__} if status else {}
    sample = (inbound and inbound.sample) or ()
    sheet.add_wide(
        "records",
        pith_number=sheet.pith_number,
        inbound_citation_count=inbound and inbound.count,
        inbound_internal_anchor_count=inbound and inbound.internal_anchor_count,
        inbound_sample_count=len(sample),
        formal_canon_evidence_count=formal and formal.evidence_count,
        **flags,
    )
    for position, citation in enumerate(sample):
        sheet.add(
            "citations",
            sheet.pith_number,
            position,
            citation.citing_arxiv_id,
            citation.citing_title,
            citation.ref_index,
            citation.is_internal_anchor,
        )


def _aliases(sheet: Sheet, pointer: str, aliases: list[Alias] | None) -> None:
    for index, alias in enumerate(aliases or ()):
        place = f"{pointer}/{index}"
        time = sheet.time(alias.created_at, place, "/created_at")
        sheet.add("aliases", sheet.pith_number, alias.alias_kind, alias.alias_value, time, place)


#: The digest of a snapshot without items, the only one of which the rule is proven.
_EMPTY_SNAPSHOT = snapshot_digest([])


def _snapshot_digests(sheet: Sheet, pointer: str, snapshot: GraphSnapshot) -> None:
    """Hold the digests of the snapshot's lists against their items, where the rule is proven."""
    if claims := snapshot.claims:
        _snapshot_digest(sheet, claims.count, claims.snapshot_sha256, pointer, "/claims")
    if references := snapshot.references:
        stated = references.snapshot_sha256
        _snapshot_digest(sheet, references.count, stated, pointer, "/references")
    if formal := snapshot.formal_canon:
        stated = formal.snapshot_sha256
        _snapshot_digest(sheet, formal.evidence_count, stated, pointer, "/formal_canon")
    if authors := snapshot.author_claims:
        _snapshot_digest(sheet, authors.count, authors.snapshot_sha256, pointer, "/author_claims")


def _snapshot_digest(sheet: Sheet, count: int | None, stated: str | None, *place: str) -> None:
    if count == 0 and stated == _EMPTY_SNAPSHOT:
        return
    proven = count == 0 and stated is not None
    code = "snapshot_digest_mismatch" if proven else "snapshot_digest_unproven"
    expected = _EMPTY_SNAPSHOT if proven else None
    pointer = "".join((*place, "/snapshot_sha256"))
    sheet.problem(code, pointer, expected, stated, breaks=False)


# -- events, states and keys ------------------------------------------------------------------


def _events(sheet: Sheet, canonical: CanonicalRecord, canonical_status: str) -> None:
    """Append the events of a bundle or a state, and the paper as its latest events tell it."""
    created: tuple[str, RecordCreated] | None = None
    snapshot: tuple[str, GraphSnapshot] | None = None
    for position, read in enumerate(sheet.document.events):
        _event_row(sheet, position, read)
        payload = read.payload
        if isinstance(payload, RecordCreated):
            _record_created(sheet, read, payload)
            created = created or (f"{read.pointer}/payload", payload)
        elif isinstance(payload, GraphSnapshotTaken):
            snapshot = (f"{read.pointer}/payload/graph_snapshot", payload.graph_snapshot)
            _source(sheet, f"{snapshot[0]}/source", payload.graph_snapshot.source, canonical)
    _loops(sheet)
    pointer, graph = snapshot or ("", GraphSnapshot())
    receipt = (f"{created[0]}/receipt", created[1].receipt) if created else (None, None)
    if created is None or created[1].receipt is None:
        _receipt(sheet, receipt[0] or "/receipt", None, sheet.canonical_sha256)
    _paper(
        sheet,
        canonical,
        (f"{pointer}/paper", graph.paper or Paper()),
        (pointer, graph),
        receipt,
        attestation_state=created[1].attestation_state if created else None,
        canonical_status=canonical_status,
    )


def _event_row(sheet: Sheet, position: int, read: ReadEvent) -> None:
    pointer, event = read.pointer, read.event
    signer = event.signer or Signer()
    computed = _signed_event(sheet, read, event) if isinstance(event, Event) else None
    payload = read.tree.get("payload")
    bundled = event if isinstance(event, Event) else Event(subject_pith_number=sheet.pith_number)
    sheet.add(
        "events",
        pointer,
        position,
        sheet.document.kind,
        sheet.pith_number,
        event.event_id or (computed and f"sha256:{computed}"),
        read.event_type,
        bundled.subject_pith_number,
        event.target,
        signer.signer_id,
        signer.signer_type,
        signer.key_id,
        signer.public_key_fingerprint,
        sheet.time(event.created_at, pointer, "/created_at"),
        _link(bundled.prev_event),
        json_text(bundled.supersedes),
        json_text(payload),
        bundled.schema_version,
        bundled.content_sha256,
        computed,
        sheet.digest(payload),
    )


def _loops(sheet: Sheet) -> None:
    """Note the events whose own links lead back to them.

    An id is a digest over the links, so that no loop is made of true ids alone: those that
    are not true are to blame.
    """
    if not sheet.altered:
        return
    links: dict[str, set[str]] = {}
    for read in sheet.document.events:
        if isinstance(read.event, Event) and read.event.event_id:
            links.setdefault(read.event.event_id, set()).update(_links(read.event))
    found = chains.loops(links)
    for pointer, event_id in sheet.altered.items():
        if event_id in found:
            sheet.problem("chain_loop", pointer, None, event_id)


def _links(event: Event) -> Iterator[str]:
    """Yield the events that an event follows or replaces; what is no text names none."""
    named = event.supersedes if isinstance(event.supersedes, list) else []
    yield from (link for link in (event.prev_event, *named) if isinstance(link, str))


def _link(value: object) -> str | None:
    """Return a chain link as text; one that is no text, never seen, as JSON."""
    return value if isinstance(value, str) else json_text(value)


def _signed_event(sheet: Sheet, read: ReadEvent, event: Event) -> str:
    """Check an event of a bundle, append its signature; return its recomputed digest."""
    pointer = read.pointer
    computed = sheet.digest(without(read.tree, "signature", "content_sha256", "event_id"))
    code = "event_digest_mismatch"
    event_id = f"sha256:{computed}"
    sheet.compare(code, computed, event.content_sha256, pointer, "/content_sha256")
    if sheet.compare(code, event_id, event.event_id, pointer, "/event_id") != "verified":
        sheet.altered[pointer] = event.event_id or ""
    # one that names no paper could be moved to any
    if event.subject_pith_number != sheet.pith_number:
        code, place = "event_subject_mismatch", f"{pointer}/subject_pith_number"
        sheet.problem(code, place, sheet.pith_number, event.subject_pith_number)
    signature = (f"{pointer}/signature", "event", event.event_id or event_id)
    _signature(sheet, signature, event.signature, computed, event.content_sha256)
    return computed


def _record_created(sheet: Sheet, read: ReadEvent, payload: RecordCreated) -> None:
    """Check the canonical record of an event against the document's, and its receipt."""
    pointer, source = f"{read.pointer}/payload", payload.canonical_record.source
    computed = sheet.digest(read.tree["payload"]["canonical_record"])
    code = "canonical_digest_mismatch"
    sheet.compare(code, computed, payload.canonical_sha256, pointer, "/canonical_sha256")
    code = "canonical_record_disagrees"
    sheet.agree(code, sheet.canonical_sha256, computed, pointer, "/canonical_record")
    code = "source_disagrees"
    sheet.agree(code, source.kind, payload.source_kind, pointer, "/source_kind")
    sheet.agree(code, source.id, payload.source_id, pointer, "/source_id")
    sheet.agree(code, source.version, payload.source_version, pointer, "/source_version")
    if payload.receipt is not None:
        _receipt(sheet, f"{pointer}/receipt", payload.receipt, computed)


def _receipt(sheet: Sheet, pointer: str, receipt: Receipt | None, computed: str) -> None:
    stated = receipt.canonical_sha256 if receipt else None
    if receipt is not None:
        place = (pointer, "/canonical_sha256")
        sheet.compare("canonical_digest_mismatch", computed, stated, *place)
    _signature(sheet, (pointer, "receipt", sheet.pith_number), receipt, computed, stated)


#: What `signed_message` must say, by the kind of signature (docs/format.md).
_MESSAGES = {
    "receipt": "canonical_sha256_bytes",
    "event": "open_graph_event_sha256_bytes",
    "bundle": "bundle_sha256_bytes",
}


def _signature(
    sheet: Sheet,
    place: tuple[str, str, str],
    signature: Signature | Receipt | None,
    computed: str,
    stated: str | None,
) -> None:
    """Append a signature, its verdict still open; `place` is (pointer, kind, subject)."""
    pointer, kind, subject = place
    found = signature or Signature()
    sheet.add(
        "signatures",
        pointer,
        kind,
        subject,
        sheet.pith_number,
        found.key_id,
        found.public_key_fingerprint,
        found.algorithm,
        found.signature_status,
        found.signed_message,
        _MESSAGES[kind],
        found.signature_b64,
        sheet.time(found.signed_at, pointer, "/signed_at"),
        computed,
        stated,
    )
    sheet.rows.carried.append(sheet.carried)


def _embedded_state(sheet: Sheet, state: State) -> None:
    """Append a bundle's state, held against what the bundle's events merge to."""
    tree = sheet.document.tree
    facts: tuple[str | None, str, str | None]
    code = "state_subject_mismatch"
    sheet.agree(code, sheet.pith_number, state.pith_number, "/state/pith_number")
    content = sheet.canonical(without(tree["state"], "state_sha256"))
    computed = sha256_hex(content)
    merged = merged_content(tree)
    if merged is None:
        facts = (None, "not_reproducible", None)
    elif (expected := sheet.canonical(merged)) == content:
        facts = (computed, "reproduced", None)
    else:
        pointer = state_difference(merged, tree["state"])
        facts = (sha256_hex(expected), "differs", pointer and f"/state{pointer}")
    _state_row(sheet, state, "/state", computed, facts)


def _state_row(
    sheet: Sheet,
    state: State,
    pointer: str,
    computed: str,
    merge_facts: tuple[str | None, str, str | None],
) -> None:
    """Append a state; `merge_facts` are the merged digest, the status and where it differs."""
    place = (pointer, "/state_sha256")
    sheet.compare("state_digest_mismatch", computed, state.state_sha256, *place)
    sheet.add(
        "states",
        bool(pointer),
        state.pith_number,
        state.state_version,
        state.merge_version,
        state.event_count,
        state.valid_event_count,
        state.invalid_event_count,
        state.equivocation_count,
        state.applied_event_ids,
        json_text(state.equivocations),
        json_text(state.invalid_events),
        state.state_sha256,
        computed,
        *merge_facts,
    )


def _keys(sheet: Sheet, keys: list[PublicKey] | None) -> None:
    for index, key in enumerate(keys or ()):
        raw = decode_base64(key.public_key_b64, KEY_BYTES)
        spelled = _spelled(raw) if raw else None
        if raw and spelled:
            sheet.carried.append((key.key_id, spelled.fingerprint, raw))
        sheet.add(
            "keys",
            f"/public_keys/{index}",
            key.key_id,
            key.algorithm,
            key.format,
            key.public_key_b64,
            key.public_key_hex,
            key.fingerprint_sha256_hex,
            key.fingerprint_sha256_b32_first128bits,
            spelled and spelled.fingerprint,
            _key_status(key, spelled),
            json_text(key.rotates_at),
            key.url,
            key.notes,
        )


class _Spelled(NamedTuple):
    """A public key as a bundle spells it."""

    hex: str
    fingerprint: str
    base32: str


@lru_cache(maxsize=256)
def _spelled(raw: bytes) -> _Spelled:
    """Return what a bundle should say of a key; nearly all bundles carry the same one."""
    return _Spelled(raw.hex(), fingerprint(raw), base32_id(sha256_hex(raw)))


def _key_status(key: PublicKey, spelled: _Spelled | None) -> str:
    """Return what a key's own fields say of each other (docs/format.md, "Identifiers")."""
    if spelled is None:
        return "malformed"
    if key.public_key_hex not in (None, spelled.hex):
        return "encodings_disagree"
    if key.fingerprint_sha256_hex not in (None, spelled.fingerprint):
        return "fingerprint_mismatch"
    if key.fingerprint_sha256_b32_first128bits not in (None, spelled.base32):
        return "fingerprint_mismatch"
    return "verified"
