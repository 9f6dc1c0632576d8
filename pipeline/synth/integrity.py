"""The integrity document of a synthetic paper, in the shape of the real ones.

How the registry computes `payload_sha256`, `evidence_hash` and `snapshot_sha256` is unknown; here
they are digests of ours. Two of three papers have findings, and some of these are withdrawn.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from pipeline.documents.canonical import digest
from pipeline.documents.shapes import INTEGRITY_EVENT
from pipeline.synth.signer import KEY_ID, Signer

_SITE: Final = "https://pith.science"
_SEVERITIES: Final = ("critical", "advisory", "informational")
_VERDICTS: Final = ("incontrovertible", "cross_source", "threshold_with_margin")
#: The detectors, taken in turns, and what each finds.
_DETECTORS: Final = (
    ("doi_resolver", "unresolvable_doi"),
    ("retraction_watch", "cites_retracted_work"),
    ("title_matcher", "title_differs"),
)
#: The fields of a finding that the document lists.
_LISTED: Final = (
    "detector",
    "finding_type",
    "severity",
    "verdict_class",
    "note",
    "detected_doi",
    "detected_arxiv_id",
    "ref_index",
    "audited_at",
)


def integrity(
    index: int, arxiv_id: str, pith_number: str, built_at: datetime, signer: Signer
) -> bytes:
    """Return the integrity document of a paper of this index, as of a time."""
    found = [_found(index, turn, arxiv_id, pith_number, built_at) for turn in range(index % 7 % 3)]
    # the last of two was found in vain
    withdrawn = [_withdrawn(payload, built_at) for payload in found[1:]]
    standing = found[:1]
    payloads = enumerate([*found, *withdrawn], 10 * index + 1)
    document = {
        "schema": f"{_SITE}/schemas/pith-integrity/v1.json",
        "pith_number": arxiv_id,
        "arxiv_id": arxiv_id,
        "integrity": _report(arxiv_id, standing, built_at),
        "events": [_event(event_id, payload, built_at, signer) for event_id, payload in payloads],
    }
    return orjson.dumps(document)


def _found(
    index: int, turn: int, arxiv_id: str, pith_number: str, built_at: datetime
) -> dict[str, Any]:
    """Return the payload of an event: what a detector found."""
    detector, finding_type = _DETECTORS[(index + turn) % len(_DETECTORS)]
    evidence = {"reference": f"[{turn + 1}]", "http_status": 404, "margin": 0.25}
    return {
        "event_type": INTEGRITY_EVENT,
        "detector": detector,
        "detector_version": "1.2.0",
        "finding_type": finding_type,
        "verdict_class": _VERDICTS[index % len(_VERDICTS)],
        "severity": _SEVERITIES[index // 3 % len(_SEVERITIES)],
        "arxiv_id": arxiv_id,
        "paper_version": None,
        "evidence_hash": digest([pith_number, turn, evidence]),
        "evidence": evidence,
        "audited_at": _time(built_at - timedelta(hours=2)),
        "ref_index": turn + 1,
        "detected_doi": f"10.1000/{index}.{turn}",
        "detected_arxiv_id": None,
        "snippet": f"[{turn + 1}] A reference of a paper that does not exist",
        "note": f"Reference {turn + 1} does not lead to what it names.",
        "external_url": None,
        "resolved_title": None,
        "detector_url": f"{_SITE}/detectors/{detector}",
    }


def _withdrawn(payload: dict[str, Any], built_at: datetime) -> dict[str, Any]:
    later = _time(built_at - timedelta(hours=1))
    return {**payload, "verdict_class": "rescinded", "audited_at": later}


def _event(
    event_id: int, payload: dict[str, Any], built_at: datetime, signer: Signer
) -> dict[str, Any]:
    payload_sha256 = digest(payload)
    return {
        "event_id": event_id,
        "event_type": INTEGRITY_EVENT,
        "payload_sha256": payload_sha256,
        "signature_b64": signer.sign(payload_sha256),
        "signing_key_id": KEY_ID,
        "created_at": _time(built_at),
        "payload": payload,
    }


def _report(arxiv_id: str, standing: list[dict[str, Any]], built_at: datetime) -> dict[str, Any]:
    """Return what the document says of itself and lists; what was withdrawn it does not list."""
    listed = [{name: payload[name] for name in _LISTED} for payload in standing]
    counts = {name: sum(item["severity"] == name for item in listed) for name in _SEVERITIES}
    detectors = [name for name, _ in _DETECTORS]
    found = {name: sum(item["detector"] == name for item in listed) for name in detectors}
    return {
        "available": True,
        "endpoint": f"/pith/{arxiv_id}/integrity.json",
        "clean": not listed,
        "snapshot_sha256": digest(listed),
        "summary": {**counts, "by_detector": {name: n for name, n in found.items() if n}},
        "detectors_run": [
            {
                "name": name,
                "version": "1.2.0",
                "status": "completed",
                "ran_at": _time(built_at - timedelta(hours=2)),
                "findings_count": found[name],
            }
            for name in detectors
        ],
        "findings": listed,
    }


def _time(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
