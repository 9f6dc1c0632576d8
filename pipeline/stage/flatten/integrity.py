"""What detectors found: listed in an integrity document, in its events, and in events of bundles.

The signature of an integrity event is over the `payload_sha256` that it states. Nobody knows how
that digest follows from the payload, so the signature alone does not prove what the event says. An
event of a bundle is proven as every event there: its digest is recomputed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from pipeline.documents.convert import typed
from pipeline.documents.ijson import RefusedError
from pipeline.documents.shapes import (
    INTEGRITY_EVENT,
    Bundle,
    Event,
    Integrity,
    IntegrityEvent,
    IntegrityFinding,
    IntegrityReport,
    Shape,
)
from pipeline.stage.rows import DocumentRows, json_text
from pipeline.stage.schema import DetectorRow, IntegrityRow, SignatureRow
from pipeline.vocabulary import FindingSeverity, VerdictClass, words

#: The fields that every integrity event has, beside its payload and its signature.
_EVENT = ("event_id", "created_at")

#: The fields that the registry's schema demands of an event's payload, beside its type.
_PAYLOAD = (
    "detector",
    "detector_version",
    "finding_type",
    "verdict_class",
    "severity",
    "arxiv_id",
    "evidence_hash",
    "evidence",
    "audited_at",
)

#: The fields that a row takes as they are.
_COPIED = (
    "paper_version",
    "detector",
    "detector_version",
    "finding_type",
    "severity",
    "verdict_class",
    "ref_index",
    "detected_doi",
    "detected_arxiv_id",
    "resolved_title",
    "external_url",
    "detector_url",
    "snippet",
    "note",
)

#: The fields by which a listed finding, which has no `evidence_hash`, is found among the events.
_ALIKE = ("detector", "finding_type", "ref_index", "detected_doi", "detected_arxiv_id", "note")

#: The words of a finding that the format knows.
_WORDS = {
    "severity": words(FindingSeverity),
    "verdict_class": words(VerdictClass),
}

#: The version of a paper at the end of an arXiv id.
_VERSION = re.compile(r"v\d+$")


def add_integrity(out: DocumentRows, document: Integrity) -> None:
    """Append the detectors, the listed findings and the events of an integrity document."""
    number, report = document.pith_number, document.integrity or IntegrityReport()
    if number and not number.startswith("pith:"):
        _check_paper(out, document.arxiv_id, number, "/pith_number")
    for position, run in enumerate(report.detectors_run or ()):
        row = DetectorRow(
            doc=out.doc,
            position=position,
            arxiv_id=document.arxiv_id,
            name=run.name,
            version=run.version,
            status=run.status,
            ran_at=out.time(run.ran_at, f"/integrity/detectors_run/{position}", "/ran_at"),
            findings_count=run.findings_count,
        )
        out.add(row)
    hashes = _add_events(out, document.arxiv_id)
    for position, listed in enumerate(report.findings or ()):
        pointer = f"/integrity/findings/{position}"
        alike = hashes.get(_alike(listed), set())
        # several events alike: it may be any of them
        evidence_hash = listed.evidence_hash or (alike.copy().pop() if len(alike) == 1 else None)
        facts = {"position": position, "origin": "listed", "evidence_hash": evidence_hash}
        _add_finding(out, pointer, listed, document.arxiv_id, facts)


def _add_events(out: DocumentRows, arxiv_id: str | None) -> dict[tuple[Any, ...], set[str]]:
    """Append the events; return the hashes of those that are alike."""
    hashes: dict[tuple[Any, ...], set[str]] = {}
    for position, (pointer, event, payload) in enumerate(out.document.findings):
        place = f"{pointer}/payload"
        signature = _add_signature(out, pointer, event)
        _check_fields(out, pointer, event, _EVENT)
        if payload is None:
            out.problem("integrity_event_unread", place, None, event.payload, breaks=False)
            continue
        _check_fields(out, place, payload, _PAYLOAD)
        if payload.evidence_hash:
            hashes.setdefault(_alike(payload), set()).add(payload.evidence_hash)
        facts = {
            "position": position,
            "origin": "event",
            "evidence_hash": payload.evidence_hash,
            "event_id": None if event.event_id is None else str(event.event_id),
            # null if it is not a time; the problem is noted with the signature
            "created_at": event.created_at and out.rows.times[event.created_at],
            "payload_sha256": event.payload_sha256,
            "payload_digest": out.digest(event.payload),
            "signature_pointer": signature,
        }
        _add_finding(out, place, payload, arxiv_id, facts)
    return hashes


def add_bundled(
    out: DocumentRows, position: int, pointer: str, event: Event, *, content_ok: bool | None
) -> None:
    """Append what an event of a bundle says that a detector found, if it does say that."""
    place, found = f"{pointer}/payload", IntegrityFinding()
    with suppress(RefusedError):
        # what is undeclared stands in the event's own row, as the whole payload does
        found = typed(event.payload, IntegrityFinding, place, {})
    if not found.says_what:
        out.problem("integrity_event_unread", place, None, event.payload, breaks=False)
        return
    _check_fields(out, place, found, _PAYLOAD)
    facts = {
        "position": position,
        "origin": "bundle",
        "evidence_hash": found.evidence_hash,
        "pith_number": event.subject_pith_number,
        "event_id": event.event_id,
        "created_at": event.created_at and out.rows.times[event.created_at],
        "content_ok": content_ok,
        "signature_pointer": f"{pointer}/signature",
    }
    bundle = out.document.shape
    arxiv_id = bundle.canonical_record.source.id if isinstance(bundle, Bundle) else None
    _add_finding(out, place, found, arxiv_id, facts)


def _alike(finding: IntegrityFinding) -> tuple[Any, ...]:
    return tuple(getattr(finding, name) for name in _ALIKE)


def _add_finding(
    out: DocumentRows,
    pointer: str,
    finding: IntegrityFinding,
    arxiv_id: str | None,
    facts: dict[str, Any],
) -> None:
    """Append a finding; `arxiv_id` is that of the document, and `facts` are further columns."""
    _check_paper(out, arxiv_id, finding.arxiv_id, pointer, "/arxiv_id")
    for name, known in _WORDS.items():
        if (word := getattr(finding, name)) and word not in known:
            place = f"{pointer}/{name}"
            out.problem("integrity_word_unknown", place, ", ".join(known), word, breaks=False)
    subject = finding.arxiv_id or arxiv_id
    copied = {name: getattr(finding, name) for name in _COPIED}
    unnamed = [subject, *copied.values(), finding.audited_at]
    row = IntegrityRow(
        doc=out.doc,
        pointer=pointer,
        finding_id=facts["evidence_hash"] or f"unnamed:{out.digest(unnamed)}",
        arxiv_id=subject,
        evidence=json_text(finding.evidence),
        audited_at=out.time(finding.audited_at, pointer, "/audited_at"),
        **copied,
        **facts,
    )
    out.add(row)


def _check_fields(
    out: DocumentRows, pointer: str, holder: Shape, required: tuple[str, ...]
) -> None:
    """Note the fields that an event or its payload lacks, and another type than it should have."""
    code, event_type = "integrity_event_incomplete", getattr(holder, "event_type", None)
    for name in required:
        if getattr(holder, name) in (None, ""):
            out.problem(code, f"{pointer}/{name}", None, None, breaks=False)
    if event_type != INTEGRITY_EVENT:
        out.problem(code, f"{pointer}/event_type", INTEGRITY_EVENT, event_type, breaks=False)


def _check_paper(out: DocumentRows, expected: str | None, actual: str | None, *place: str) -> None:
    """Note a finding on another paper than the document's; the version is no difference."""
    if expected and actual and _VERSION.sub("", actual) != _VERSION.sub("", expected):
        code = "integrity_subject_mismatch"
        out.problem(code, "".join(place), expected, actual, breaks=False)


def _add_signature(out: DocumentRows, place: str, event: IntegrityEvent) -> str:
    """Append the signature of an integrity event, and return its pointer.

    The format names neither algorithm nor message, and the digest cannot be recomputed.
    """
    pointer = f"{place}/signature_b64"
    if event.payload_sha256 is None:
        out.problem("digest_missing", f"{place}/payload_sha256", None, None, breaks=False)
    row = SignatureRow(
        doc=out.doc,
        pointer=pointer,
        kind="integrity",
        subject=str(event.event_id) if event.event_id is not None else event.payload_sha256,
        pith_number=out.pith_number or None,
        key_id=event.signing_key_id,
        signature_b64=event.signature_b64 or None,
        signed_at=out.time(event.created_at, place, "/created_at"),
        digest_stated=event.payload_sha256,
        unapplied=False,
    )
    out.add(row)
    out.rows.carried.append(out.carried)
    return pointer
