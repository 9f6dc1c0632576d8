"""One document becomes rows: every digest recomputed, every field in a column or in extra.

The functions append rows to the tables of `pipeline.stage.schema`. They see one document at a time
and decide nothing that needs another document or a keyring.
"""

from __future__ import annotations

from typing import Any

from pipeline.documents.canonical import without
from pipeline.documents.read import Document
from pipeline.documents.shapes import (
    Bundle,
    GraphSnapshot,
    Integrity,
    MirrorManifest,
    Paper,
    Record,
    State,
)
from pipeline.stage.flatten.consistency import check_source, check_texts
from pipeline.stage.flatten.events import add_events
from pipeline.stage.flatten.integrity import add_integrity
from pipeline.stage.flatten.keys import add_keys
from pipeline.stage.flatten.mirrors import add_mirrors
from pipeline.stage.flatten.papers import PaperParts, add_aliases, add_paper
from pipeline.stage.flatten.signatures import Signed, add_receipt, add_signature
from pipeline.stage.flatten.states import add_embedded_state, add_state, merged_state
from pipeline.stage.rows import DocumentRows, Rows, json_text
from pipeline.stage.schema import CitationRow, DocumentRow, RecordRow
from pipeline.vocabulary import DigestStatus


def flatten(rows: Rows, doc: int, sha256: str, document: Document) -> None:
    """Append all rows of one document.

    Args:
        rows: of the batch.
        doc: the document's number in it.
        sha256: the digest of its raw bytes, in hex.
        document: as it was read.
    """
    out, shape = DocumentRows(rows, doc, sha256, document), document.shape
    if isinstance(shape, Record):
        _flatten_record(out, shape)
    elif isinstance(shape, Bundle):
        _flatten_bundle(out, shape)
    elif isinstance(shape, State):
        _flatten_state(out, shape)
    elif isinstance(shape, Integrity):
        _flatten_integrity(out, shape)
    else:
        _flatten_manifest(out, shape)
    out.close()


def _flatten_record(out: DocumentRows, record: Record) -> None:
    canonical = record.canonical_record
    snapshot = record.graph_snapshot or GraphSnapshot()
    texts = ("/paper", record.paper or Paper())
    if record.paper is None and snapshot.paper is not None:
        texts = ("/graph_snapshot/paper", snapshot.paper)
    _add_document(
        out,
        short_pith_number=record.short_pith_number,
        format_version=record.schema_version,
        schema_url=record.schema_url,
        created_at=out.time(record.created_at, "/created_at"),
        updated_at=out.time(record.updated_at, "/updated_at"),
        canonical_sha256=record.canonical_sha256,
        links=json_text(record.links),
        agent_actions=json_text(record.agent_actions),
    )
    status = _canonical_status(out, record.canonical_sha256)
    add_receipt(out, "/receipt", record.receipt, out.canonical_sha256)
    check_source(out, "/source", record.source, canonical)
    check_source(out, "/graph_snapshot/source", snapshot.source, canonical)
    if record.paper is not None and snapshot.paper is not None:
        check_texts(out, record.paper, snapshot.paper)
    parts = PaperParts(
        texts,
        ("/graph_snapshot", snapshot),
        ("/receipt", record.receipt),
        record.attestation_state,
    )
    add_paper(out, canonical, status, parts)
    add_aliases(out, "/aliases", record.aliases)
    _add_record(out, record)


def _flatten_bundle(out: DocumentRows, bundle: Bundle) -> None:
    canonical, signature = bundle.canonical_record, bundle.bundle_signature
    computed = out.digest(without(out.document.tree, "bundle_signature"))
    stated = signature.bundle_sha256 if signature else None
    merged = merged_state(out)
    _add_document(
        out,
        short_pith_number=bundle.short_pith_number,
        format_version=bundle.bundle_version,
        merge_version=bundle.merge_version,
        built_at=out.time(bundle.built_at, "/built_at"),
        canonical_sha256=bundle.canonical_sha256,
        bundle_sha256=stated,
        bundle_sha256_computed=computed,
        links=json_text(bundle.links),
        mirror_hints=json_text(bundle.mirror_hints),
        merged_sha256=merged and merged.sha256,
    )
    status = _canonical_status(out, bundle.canonical_sha256)
    out.compare("bundle_digest_mismatch", computed, stated, "/bundle_signature/bundle_sha256")
    add_keys(out, bundle.public_keys)
    signed: Signed = ("/bundle_signature", "bundle", out.pith_number)
    add_signature(out, signed, signature, computed, stated)
    for pointer, value in out.document.extra.items():
        if pointer.startswith("/bundle_signature/"):
            out.problem("signature_fields_unknown", pointer, None, value, breaks=False)
    check_source(out, "/source", bundle.source, canonical)
    add_paper(out, canonical, status, add_events(out, canonical))
    add_aliases(out, "/source_aliases", bundle.source_aliases)
    if bundle.state is not None:
        add_embedded_state(out, bundle.state, merged)


def _flatten_state(out: DocumentRows, state: State) -> None:
    _add_document(
        out,
        format_version=state.state_version,
        merge_version=state.merge_version,
    )
    computed = out.digest(without(out.document.tree, "state_sha256"))
    add_state(out, state, "", computed, ("not_reproducible", None))
    canonical = state.current.canonical_record
    # the digest of its canonical record stands in the event that created it, and not beside it
    add_paper(out, canonical, "missing", add_events(out, canonical))
    add_aliases(out, "/current/source_aliases", state.current.source_aliases)


def _flatten_integrity(out: DocumentRows, document: Integrity) -> None:
    _add_document(out, schema_url=document.schema, header=_header(out, "integrity"))
    add_integrity(out, document)


def _flatten_manifest(out: DocumentRows, manifest: MirrorManifest) -> None:
    _add_document(
        out,
        format_version=manifest.manifest_version,
        merge_version=manifest.merge_version,
        built_at=out.time(manifest.generated_at, "/generated_at"),
        header=_header(out),
    )
    add_mirrors(out, manifest)


#: The fields of a report and of a manifest that have no column of their own, but one for all.
_HEADER = ("available", "endpoint", "clean", "snapshot_sha256", "summary", "notes")


def _header(out: DocumentRows, *place: str) -> str | None:
    """Return what a document says of itself beside its lists, as JSON."""
    tree = out.document.tree
    for name in place:
        tree = tree.get(name) or {}
    found = {name: tree[name] for name in _HEADER if tree.get(name) is not None}
    return json_text(found) if found else None


def _add_document(out: DocumentRows, **facts: Any) -> None:  # noqa: ANN401 - columns of `DocumentRow`
    extra = out.document.extra
    short = facts.get("short_pith_number")
    expected = out.pith_number[:5] + out.pith_number[10:18]
    if short is not None and short != expected:
        out.problem("short_number_mismatch", "/short_pith_number", expected, short)
    row = DocumentRow(
        doc=out.doc,
        sha256=out.sha256,
        kind=out.document.kind,
        status="ok",
        pith_number=out.pith_number or None,
        canonical_sha256_computed=out.canonical_sha256 or None,
        extra_count=len(extra),
        extra=json_text(extra) if extra else None,
        **facts,
    )
    out.add(row)


def _canonical_status(out: DocumentRows, stated: str | None) -> DigestStatus:
    return out.compare(
        "canonical_digest_mismatch", out.canonical_sha256, stated, "/canonical_sha256"
    )


def _add_record(out: DocumentRows, record: Record) -> None:
    """Append what only a record states, and its inbound citations."""
    status, inbound, formal = (
        record.verification_status,
        record.inbound_citations,
        record.formal_canon,
    )
    flags = {name: getattr(status, name) for name in status.__struct_fields__} if status else {}
    sample = (inbound and inbound.sample) or ()
    row = RecordRow(
        doc=out.doc,
        pith_number=out.pith_number,
        inbound_citation_count=inbound.count if inbound else None,
        inbound_internal_anchor_count=inbound.internal_anchor_count if inbound else None,
        inbound_sample_count=len(sample),
        formal_canon_evidence_count=formal.evidence_count if formal else None,
        **flags,
    )
    out.add(row)
    for position, citation in enumerate(sample):
        cited = CitationRow(
            doc=out.doc,
            pith_number=out.pith_number,
            position=position,
            citing_arxiv_id=citation.citing_arxiv_id,
            citing_title=citation.citing_title,
            ref_index=citation.ref_index,
            is_internal_anchor=citation.is_internal_anchor,
        )
        out.add(cited)
