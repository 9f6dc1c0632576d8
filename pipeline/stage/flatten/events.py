"""The events of a bundle or a state, each held against its digest, its id and its document."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.documents import cycles
from pipeline.documents.canonical import without
from pipeline.documents.read import ReadEvent
from pipeline.documents.shapes import (
    INTEGRITY_EVENT,
    CanonicalRecord,
    Event,
    GraphSnapshot,
    GraphSnapshotTaken,
    Paper,
    RecordCreated,
    Signer,
)
from pipeline.stage.flatten.consistency import check_source
from pipeline.stage.flatten.integrity import add_bundled
from pipeline.stage.flatten.papers import PaperParts
from pipeline.stage.flatten.signatures import Signed, add_receipt, add_signature
from pipeline.stage.rows import DocumentRows, json_text
from pipeline.stage.schema import EventRow


def add_events(out: DocumentRows, canonical: CanonicalRecord) -> PaperParts:
    """Append the events of a bundle or a state; return the paper as they tell it at last.

    An unapplied event adds nothing to the paper.
    """
    created: tuple[str, RecordCreated] | None = None
    snapshot: tuple[str, GraphSnapshot] | None = None
    for position, read in enumerate(out.document.events):
        out.unapplied = read.unapplied
        _add_event(out, position, read)
        payload = read.payload
        if isinstance(payload, RecordCreated):
            _check_created(out, read, payload)
            if not read.unapplied:
                created = created or (f"{read.pointer}/payload", payload)
        elif isinstance(payload, GraphSnapshotTaken):
            taken = (f"{read.pointer}/payload/graph_snapshot", payload.graph_snapshot)
            check_source(out, f"{taken[0]}/source", taken[1].source, canonical)
            snapshot = snapshot if read.unapplied else taken
    _check_loops(out)
    out.unapplied = False
    pointer, graph = snapshot or ("", GraphSnapshot())
    texts = (f"{pointer}/paper", graph.paper or Paper())
    receipt = (f"{created[0]}/receipt", created[1].receipt) if created else (None, None)
    if receipt[1] is None:
        add_receipt(out, receipt[0] or "/receipt", None, out.canonical_sha256)
    attestation_state = created[1].attestation_state if created else None
    return PaperParts(texts, (pointer, graph), receipt, attestation_state)


def _add_event(out: DocumentRows, position: int, read: ReadEvent) -> None:
    pointer, event = read.pointer, read.event
    signer = event.signer or Signer()
    computed, ok = _check_event(out, read, event) if isinstance(event, Event) else (None, None)
    payload = read.tree.get("payload")
    bundled = event if isinstance(event, Event) else Event(subject_pith_number=out.pith_number)
    row = EventRow(
        doc=out.doc,
        pointer=pointer,
        position=position,
        origin=out.document.kind,
        document_pith_number=out.pith_number,
        event_id=event.event_id or (f"sha256:{computed}" if computed else _unnamed(out, read)),
        event_type=read.event_type,
        subject_pith_number=bundled.subject_pith_number,
        target=event.target,
        signer_id=signer.signer_id,
        signer_type=signer.signer_type,
        signer_key_id=signer.key_id,
        signer_fingerprint=signer.public_key_fingerprint,
        created_at=out.time(event.created_at, pointer, "/created_at"),
        prev_event=_link(bundled.prev_event),
        supersedes=json_text(bundled.supersedes),
        payload=json_text(payload),
        schema_version=bundled.schema_version,
        content_sha256=bundled.content_sha256,
        content_sha256_computed=computed,
        payload_sha256=out.digest(payload),
        content_ok=ok,
    )
    out.add(row)
    if read.event_type == INTEGRITY_EVENT and isinstance(event, Event):
        add_bundled(out, position, pointer, event, content_ok=ok)


def _unnamed(out: DocumentRows, read: ReadEvent) -> str:
    """Return a name for an event that a state holds without an id.

    The state lacks the content that an id is the digest of. What it does hold, of which type
    and of which paper, tells it from every other event, and is the same in every copy.
    """
    kept = without(read.tree, "event_id")
    out.problem("digest_missing", f"{read.pointer}/event_id", None, None, breaks=False)
    return f"unnamed:{out.digest([out.pith_number, read.event_type, kept])}"


def _link(value: object) -> str | None:
    """Return a chain link as text; a link of another type, never seen yet, as JSON; else None."""
    if value in (None, "", [], {}):
        return None
    return value if isinstance(value, str) else json_text(value)


def _check_event(out: DocumentRows, read: ReadEvent, event: Event) -> tuple[str, bool | None]:
    """Check an event of a bundle, append its signature.

    Returns:
        Its recomputed digest, and whether that is the one it states; None if it states none.
    """
    pointer = read.pointer
    computed = out.digest(without(read.tree, "signature", "content_sha256", "event_id"))
    code = "event_digest_mismatch"
    event_id = f"sha256:{computed}"
    content = out.compare(code, computed, event.content_sha256, pointer, "/content_sha256")
    named = out.compare(code, event_id, event.event_id, pointer, "/event_id")
    if named != "verified":
        out.altered[pointer] = event.event_id or ""
    # an event without a paper could be moved to any paper
    if event.subject_pith_number != out.pith_number:
        code, place = "event_subject_mismatch", f"{pointer}/subject_pith_number"
        out.problem(code, place, out.pith_number, event.subject_pith_number)
    signed: Signed = (f"{pointer}/signature", "event", event.event_id or event_id)
    add_signature(out, signed, event.signature, computed, event.content_sha256)
    found = {content, named}
    return computed, "mismatch" not in found if found != {"missing"} else None


def _check_created(out: DocumentRows, read: ReadEvent, payload: RecordCreated) -> None:
    """Check the canonical record of an event against the document's, and its receipt."""
    pointer, source = f"{read.pointer}/payload", payload.canonical_record.source
    computed = out.digest(read.tree["payload"]["canonical_record"])
    code = "canonical_digest_mismatch"
    out.compare(code, computed, payload.canonical_sha256, pointer, "/canonical_sha256")
    code = "canonical_record_disagrees"
    out.agree(code, out.canonical_sha256, computed, pointer, "/canonical_record")
    code = "source_disagrees"
    out.agree(code, source.kind, payload.source_kind, pointer, "/source_kind")
    out.agree(code, source.id, payload.source_id, pointer, "/source_id")
    out.agree(code, source.version, payload.source_version, pointer, "/source_version")
    if payload.receipt is not None:
        add_receipt(out, f"{pointer}/receipt", payload.receipt, computed)


def _check_loops(out: DocumentRows) -> None:
    """Note the events whose own links lead back to them.

    An id is a digest over the links, so that no loop is made of true ids alone: those that
    are not true are to blame.
    """
    if not out.altered:
        return
    links: dict[str, set[str]] = {}
    for read in out.document.events:
        if isinstance(read.event, Event) and read.event.event_id:
            links.setdefault(read.event.event_id, set()).update(_links(read.event))
    found = cycles.loops(links)
    for read in out.document.events:
        event_id = out.altered.get(read.pointer)
        if event_id in found:
            out.unapplied = read.unapplied
            out.problem("chain_loop", read.pointer, None, event_id)


def _links(event: Event) -> Iterator[str]:
    """Yield the events that an event follows or replaces; only texts name events."""
    named = event.supersedes if isinstance(event.supersedes, list) else []
    yield from (link for link in (event.prev_event, *named) if isinstance(link, str))
