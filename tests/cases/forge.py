"""The forger's tools: sign, hash and seal Pith documents with keys of our own.

Written from docs/format.md and without the code under test, so that the two hardly share an
error. The keys derive from public texts: they protect nothing.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from typing import Any

from nacl import bindings

Json = dict[str, Any]

#: The lists of a state and the type of event that each holds.
_LISTS = {
    "graph_snapshots": "graph_snapshot",
    "author_attestations": "author_attestation",
    "timestamp_anchors": "timestamp_anchor",
    "storage_attestations": "storage_attestation",
    "citation_signatures": "citation_signature",
    "replication_records": "replication_record",
    "corrections": "correction",
}


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON in hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def text_digest(text: str) -> str:
    """Return the digest of a title or an abstract."""
    return hashlib.sha256(text.lower().encode()).hexdigest()


def base32_id(digest_hex: str) -> str:
    """Return the 26 characters that identify a digest."""
    return base64.b32encode(bytes.fromhex(digest_hex))[:26].decode()


def without(value: Json, *names: str) -> Json:
    """Return a copy without some keys."""
    return {name: item for name, item in value.items() if name not in names}


class Key:
    """A signing key under a name; `nonce`, if given, replaces the one that Ed25519 derives."""

    def __init__(self, text: str, key_id: str, nonce: bytes | None = None) -> None:
        """Derive the key from a text."""
        seed = hashlib.sha256(text.encode()).digest()
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)
        expanded = bytearray(hashlib.sha512(seed).digest()[:32])
        expanded[0] &= 248
        expanded[31] = (expanded[31] & 127) | 64
        self._scalar = bytes(expanded)
        self._nonce = nonce
        self.key_id = key_id
        self.fingerprint = hashlib.sha256(self.public).hexdigest()[:32]

    def sign(self, digest_hex: str) -> str:
        """Return the base64 signature over the 32 bytes of a digest."""
        message = bytes.fromhex(digest_hex)
        if self._nonce is None:
            signature = bindings.crypto_sign(message, self._secret)[:64]
        else:
            signature = self._sign_with(self._nonce, message)
        return base64.b64encode(signature).decode()

    def _sign_with(self, nonce: bytes, message: bytes) -> bytes:
        """Sign as RFC 8032 (section 5.1.6) does, but with a given nonce."""
        reduce = bindings.crypto_core_ed25519_scalar_reduce
        r = reduce(hashlib.sha512(nonce).digest())
        point = bindings.crypto_scalarmult_ed25519_base_noclamp(r)
        k = reduce(hashlib.sha512(point + self.public + message).digest())
        product = bindings.crypto_core_ed25519_scalar_mul(k, reduce(self._scalar + bytes(32)))
        return point + bindings.crypto_core_ed25519_scalar_add(r, product)

    def carried(self) -> Json:
        """Return the key as a bundle carries it."""
        return {
            "key_id": self.key_id,
            "algorithm": "ed25519",
            "format": "raw",
            "public_key_b64": base64.b64encode(self.public).decode(),
            "public_key_hex": self.public.hex(),
            "fingerprint_sha256_b32_first128bits": base32_id(
                hashlib.sha256(self.public).hexdigest()
            ),
            "fingerprint_sha256_hex": self.fingerprint,
            "rotates_at": None,
            "url": None,
            "notes": "A key of the tests.",
        }

    def pinned(self, valid_from: str | None = None, valid_until: str | None = None) -> Json:
        """Return the key as a keyring pins it."""
        return {
            "key_id": self.key_id,
            "algorithm": "ed25519",
            "public_key_b64": base64.b64encode(self.public).decode(),
            "fingerprint_sha256_hex": self.fingerprint,
            "valid_from": valid_from,
            "valid_until": valid_until,
            "note": "A key of the tests.",
        }

    def labels(self) -> Json:
        """Return how a signature names this key."""
        return {"key_id": self.key_id, "public_key_fingerprint": self.fingerprint}


def signature(key: Key, digest_hex: str, message: str, signed_at: str) -> Json:
    """Return the object of a signature over a digest."""
    return {
        "signature_status": "signed_v1",
        "algorithm": "ed25519",
        **key.labels(),
        "signature_b64": key.sign(digest_hex),
        "signed_message": message,
        "signed_at": signed_at,
    }


def receipt(key: Key, digest_hex: str, at: str) -> Json:
    """Return a receipt over a canonical record's digest."""
    return {
        **signature(key, digest_hex, "canonical_sha256_bytes", at),
        "kind": "pith_receipt",
        "receipt_version": "0.3",
        "builder_version": "tests",
        "canonical_sha256": digest_hex,
        "first_computed_at": at,
        "last_reissued_at": at,
    }


def event(key: Key, number: str, event_type: str, payload: Json, **fields: object) -> Json:
    """Return an event, signed; `fields` replace those that it has by default."""
    made: Json = {
        "event_type": event_type,
        "subject_pith_number": number,
        "target": "record" if event_type == "record_created" else "graph",
        "payload": payload,
        "signer": {"signer_id": "tests", "signer_type": "pith_registry", **key.labels()},
        "created_at": "2026-06-01T00:00:01Z",
        "supersedes": [],
        "prev_event": None,
        "schema_version": "1.0",
        **fields,
    }
    return seal_event(key, made)


def seal_event(key: Key, made: Json) -> Json:
    """Return an event with its digest, id and signature made anew."""
    content = without(made, "signature", "content_sha256", "event_id")
    computed = digest(content)
    signed_at = made.get("signature", {}).get("signed_at", "2026-06-01T00:00:02Z")
    message = "open_graph_event_sha256_bytes"
    return {
        **content,
        "signature": signature(key, computed, message, signed_at),
        "content_sha256": computed,
        "event_id": f"sha256:{computed}",
    }


def state(bundle: Json) -> Json:
    """Return the state that a bundle's events merge to, other types by their list's name."""
    kept = ("event_id", "target", "created_at", "signer", "payload")
    current: Json = {
        "canonical_record": bundle["canonical_record"],
        "source_aliases": bundle["source_aliases"],
        "mirror_hints": [],
        "record_created": None,
        **{name: [] for name in _LISTS},
    }
    names = {event_type: name for name, event_type in _LISTS.items()}
    for made in bundle["events"]:
        item = {name: made[name] for name in kept}
        if made["event_type"] == "record_created":
            current["record_created"] = item
        elif made["event_type"] in names:
            current[names[made["event_type"]]].append(item)
    count = len(bundle["events"])
    merged = {
        "state_type": "pith_open_graph_state",
        "state_version": "1.0",
        "pith_number": bundle["pith_number"],
        "merge_version": bundle["merge_version"],
        "event_count": count,
        "valid_event_count": count,
        "invalid_event_count": 0,
        "equivocation_count": 0,
        "current": current,
        "equivocations": [],
        "invalid_events": [],
        "applied_event_ids": [made["event_id"] for made in bundle["events"]],
    }
    return seal_state(merged)


def seal_state(changed: Json) -> Json:
    """Return a state with its hash made anew: no key is needed for that."""
    content = without(changed, "state_sha256")
    return {**content, "state_sha256": digest(content)}


def seal_bundle(key: Key, bundle: Json, *, merge: bool = True) -> Json:
    """Return a bundle with its state, digest and signature made anew."""
    content = copy.deepcopy(without(bundle, "bundle_signature"))
    if merge:
        content["state"] = state(content)
    computed = digest(content)
    signed_at = content["built_at"].replace("Z", ".5Z")
    made = signature(key, computed, "bundle_sha256_bytes", signed_at)
    return {**content, "bundle_signature": {**made, "bundle_sha256": computed}}


def resign(key: Key, bundle: Json) -> Json:
    """Return a bundle re-signed entirely: receipts, events, state and the whole."""
    content = copy.deepcopy(bundle)
    for made in content["events"]:
        found = made["payload"].get("receipt")
        if found:
            found["signature_b64"] = key.sign(digest(content["canonical_record"]))
            found.update(key.labels())
        made["signer"].update(key.labels())
    content["events"] = [seal_event(key, made) for made in content["events"]]
    content["public_keys"] = [key.carried()]
    return seal_bundle(key, content)


EMPTY = digest({"payload": []})

_TITLE = "A Paper That Exists Only in the Tests"
_ABSTRACT = "It has an abstract that is short enough to be carried whole."


def canonical_record(title: str = _TITLE) -> Json:
    """Return the canonical record of an invented paper."""
    return {
        "source": {"kind": "arxiv", "id": "2401.00001", "version": 1},
        "metadata": {
            "license": "http://creativecommons.org/licenses/by/4.0/",
            "primary_cat": "cs.CR",
            "submitted_at": "2024-01-01T12:00:00Z",
            "cross_cats_sorted": ["cs.DL"],
            "title_canon_sha256": text_digest(title),
            "abstract_canon_sha256": text_digest(_ABSTRACT),
        },
        "schema_version": "1.0",
    }


def graph_snapshot(title: str = _TITLE) -> Json:
    """Return a graph snapshot of the invented paper."""
    none = {"count": 0, "snapshot_sha256": EMPTY}
    return {
        "paper": {
            "title": title,
            "license": "http://creativecommons.org/licenses/by/4.0/",
            "headline": "",
            "cross_cats": ["cs.DL"],
            "primary_cat": "cs.CR",
            "authors_text": "Alice Example, Bob Example",
            "submitted_at": "2024-01-01T12:00:00Z",
            "abstract_excerpt": _ABSTRACT,
        },
        "claims": {**none, "items": []},
        "source": {"kind": "arxiv", "id": "2401.00001", "version": 1},
        "verdict": None,
        "references": {**none, "sample": [], "resolved_work": 0, "internal_anchors": 0},
        "formal_canon": {"evidence_count": 0, "snapshot_sha256": EMPTY},
        "author_claims": {**none, "strong_count": 0},
        "builder_version": "tests",
    }


def number_of(record: Json) -> str:
    """Return the Pith number of a canonical record."""
    return f"pith:{record['metadata']['submitted_at'][:4]}:{base32_id(digest(record))}"


def aliases_of(record: Json) -> list[Json]:
    """Return the aliases that derive from a canonical record."""
    source, identifier = record["source"], base32_id(digest(record))
    values = {
        "arxiv": source["id"],
        "arxiv_version": f"{source['id']}v{source['version']}",
        "doi": f"10.48550/arxiv.{source['id']}",
        "pith_short_12": identifier[:12],
        "pith_short_16": identifier[:16],
        "pith_short_8": identifier[:8],
    }
    at = "2026-06-01T00:00:01Z"
    return [
        {"alias_kind": kind, "alias_value": value, "created_at": at}
        for kind, value in values.items()
    ]


def created(key: Key, record: Json, **fields: object) -> Json:
    """Return the event that creates a canonical record."""
    payload = {
        "canonical_record": record,
        "canonical_sha256": digest(record),
        "receipt": receipt(key, digest(record), "2026-06-01T00:00:00Z"),
        "source_kind": record["source"]["kind"],
        "source_id": record["source"]["id"],
        "source_version": record["source"]["version"],
        "attestation_state": "computed",
    }
    return event(key, number_of(record), "record_created", payload, **fields)


def snapshot(key: Key, record: Json, **fields: object) -> Json:
    """Return the event that takes a graph snapshot of the invented paper."""
    payload = {"graph_snapshot": graph_snapshot(), "verdict_id": None}
    return event(key, number_of(record), "graph_snapshot", payload, **fields)


def bundle_of(
    key: Key,
    events: list[Json],
    *,
    built_at: str = "2026-06-02T00:00:00Z",
    record: Json | None = None,
) -> Json:
    """Return the signed bundle of the invented paper, or of another's record, with these events."""
    record = record or canonical_record()
    number = number_of(record)
    content = {
        "bundle_type": "pith_open_graph_bundle",
        "bundle_version": "1.0",
        "pith_number": number,
        "short_pith_number": number[:5] + number[10:18],
        "canonical_record": record,
        "canonical_sha256": digest(record),
        "source": record["source"],
        "source_aliases": aliases_of(record),
        "events": events,
        "timestamp_proofs": [],
        "mirror_hints": [],
        "public_keys": [key.carried()],
        "merge_version": "pith-open-graph-merge-v1",
        "built_at": built_at,
        "links": {},
    }
    return seal_bundle(key, content)


#: The arXiv id of the invented paper.
ARXIV_ID = "2401.00001"


def found(evidence_hash: str, **fields: object) -> Json:
    """Return the payload of an integrity event; `fields` replace those that it has by default."""
    return {
        "event_type": "pith.integrity.v1",
        "detector": "doi_resolver",
        "detector_version": "1.2.0",
        "finding_type": "unresolvable_doi",
        "verdict_class": "incontrovertible",
        "severity": "critical",
        "arxiv_id": ARXIV_ID,
        "paper_version": 1,
        "evidence_hash": evidence_hash,
        "evidence": {"http_status": 404, "score": 0.5},
        "audited_at": "2026-05-30T08:00:00Z",
        "ref_index": 3,
        "detected_doi": "10.1000/nowhere",
        "detected_arxiv_id": None,
        "snippet": "[3] A. Nobody, Nowhere",
        "note": "The DOI of reference 3 does not resolve.",
        "external_url": None,
        "resolved_title": None,
        "detector_url": "https://pith.science/detectors/doi_resolver",
        **fields,
    }


def integrity_event(key: Key, event_id: int, payload: Json, **fields: object) -> Json:
    """Return an event of an integrity document, signed.

    How the registry computes `payload_sha256` is unknown; here it is the canonical payload's.
    """
    made = digest(payload)
    return {
        "event_id": event_id,
        "event_type": "pith.integrity.v1",
        "payload_sha256": made,
        "signature_b64": key.sign(made),
        "signing_key_id": key.key_id,
        "created_at": "2026-05-30T09:00:00Z",
        "payload": payload,
        **fields,
    }


#: The fields of a finding that an integrity document lists.
_LISTED = (
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


def integrity(*events: Json, **fields: object) -> Json:
    """Return an integrity document with these events, which lists what stands in them."""
    payloads = [made["payload"] for made in events]
    standing = [item for item in payloads if item["verdict_class"] != "rescinded"]
    listed = [{name: item[name] for name in _LISTED} for item in standing]
    severities = ("critical", "advisory", "informational")
    counts = {name: sum(item["severity"] == name for item in standing) for name in severities}
    return {
        "schema": "https://pith.science/schemas/pith-integrity/v1.json",
        "pith_number": ARXIV_ID,
        "arxiv_id": ARXIV_ID,
        "integrity": {
            "available": True,
            "endpoint": f"/pith/{ARXIV_ID}/integrity.json",
            "clean": not standing,
            "snapshot_sha256": digest(listed),
            "summary": {**counts, "by_detector": {"doi_resolver": len(standing)}},
            "detectors_run": [
                {
                    "name": "doi_resolver",
                    "version": "1.2.0",
                    "status": "completed",
                    "ran_at": "2026-05-30T08:00:00Z",
                    "findings_count": len(standing),
                }
            ],
            "findings": listed,
        },
        "events": list(events),
        **fields,
    }


def manifest(*keys: Key) -> Json:
    """Return a mirror manifest that names a mirror for each key."""
    return {
        "manifest_type": "pith_mirror_manifest",
        "manifest_version": "1.0",
        "generated_at": "2026-05-30T00:00:00Z",
        "merge_version": "pith-open-graph-merge-v1",
        "mirrors": [
            {
                "name": f"mirror of {key.key_id}",
                "mirror_type": "full",
                "base_url": "https://mirror.example.org",
                "bundle_pattern": "/pith/{pith_number}/bundle.json",
                "state_pattern": "/pith/{pith_number}/state.json",
                "well_known_pattern": "/.well-known/{name}.json",
                "public_key": key.carried(),
                "status": "active",
            }
            for key in keys
        ],
        "notes": ["A manifest of the tests."],
    }
