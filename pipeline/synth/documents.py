"""The documents of one synthetic paper, written as the registry writes them.

They are compact JSON without a line break at the end. Letters beyond ASCII are not escaped. The
keys are in the order of real documents: a state has the parts that it took from events in canonical
order. A part that stands in several documents is serialised once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import orjson

from pipeline.documents.canonical import (
    base32_id,
    canonical,
    sha256_hex,
    snapshot_digest,
    text_digest,
)
from pipeline.documents.merge import MERGE_VERSION
from pipeline.documents.read import STATE_LISTS
from pipeline.stage.flatten.papers import EXCERPT_CHARACTERS
from pipeline.synth import events as happenings
from pipeline.synth.integrity import integrity
from pipeline.synth.papers import Paper
from pipeline.synth.signer import KEY_ID, Signer
from pipeline.vocabulary import EventType

_BUILDER: Final = "pith-number-builder-2026-05-17-v1"
_EMPTY: Final = snapshot_digest([])
_SITE: Final = "https://pith.science"
_ACTIONS: Final[dict[str, EventType]] = {
    "anchor_timestamp": "timestamp_anchor",
    "attest_storage": "storage_attestation",
    "attest_author": "author_attestation",
    "sign_citation": "citation_signature",
    "submit_replication": "replication_record",
}
#: All bundles of a dump are built within this time after the last number was computed.
_BUILD_DELAY = timedelta(days=17, hours=15)

#: Returns arXiv id, Pith number and title of a paper that cites this one.
Citing = Callable[[], tuple[str, str, str]]


class Draft:
    """The documents of one paper. A part that several share is made once.

    Attributes:
        paper: the facts in them.
        event_types: the type of each event of the bundle, in order; at least 2.
    """

    def __init__(self, paper: Paper, signer: Signer, event_count: int, citing: Citing) -> None:
        """Prepare the documents of a paper; `citing` is called only if an event needs it."""
        self.paper = paper
        self._signer = signer
        self._citing = citing
        self.event_types = happenings.types(paper, event_count)

    # -- identity -----------------------------------------------------------------------------

    @cached_property
    def canonical_record(self) -> dict[str, Any]:
        """The canonical record."""
        paper = self.paper
        return {
            "source": {"id": paper.source_id, "kind": "arxiv", "version": paper.version},
            "metadata": {
                "license": paper.license,
                "primary_cat": paper.primary_cat,
                "submitted_at": paper.submitted_at,
                "cross_cats_sorted": paper.cross_cats,
                "title_canon_sha256": text_digest(paper.title),
                "abstract_canon_sha256": text_digest(paper.abstract),
            },
            "schema_version": "1.0",
        }

    @cached_property
    def canonical_sha256(self) -> str:
        """The digest of the canonical record."""
        return sha256_hex(canonical(self.canonical_record, floats=False))

    @cached_property
    def identifier(self) -> str:
        """The 26 characters of the Pith number."""
        return base32_id(self.canonical_sha256)

    @cached_property
    def pith_number(self) -> str:
        """The Pith number."""
        return f"pith:{self.paper.submitted_at[:4]}:{self.identifier}"

    @property
    def _short_number(self) -> str:
        return f"pith:{self.identifier[:8]}"

    @property
    def _source(self) -> dict[str, Any]:
        return {"kind": "arxiv", "id": self.paper.source_id, "version": self.paper.version}

    @cached_property
    def built_at(self) -> datetime:
        """When the bundle was built and signed, UTC."""
        microsecond = 100_000 + self.paper.index * 7919 % 800_000
        return (self.paper.computed_at + _BUILD_DELAY).replace(microsecond=microsecond)

    @cached_property
    def _computed_at(self) -> datetime:
        return self.paper.computed_at.replace(microsecond=self.paper.index * 104_729 % 998_000)

    # -- parts --------------------------------------------------------------------------------

    @cached_property
    def receipt(self) -> dict[str, Any]:
        """The registry's receipt."""
        computed = _micro(self._computed_at)
        return {
            "kind": "pith_receipt",
            "key_id": KEY_ID,
            "algorithm": "ed25519",
            "signed_at": _micro(self._computed_at + timedelta(microseconds=703)),
            "signature_b64": self._signer.sign(self.canonical_sha256),
            "signed_message": "canonical_sha256_bytes",
            "builder_version": _BUILDER,
            "receipt_version": "0.3",
            "canonical_sha256": self.canonical_sha256,
            "last_reissued_at": computed,
            "signature_status": "signed_v1",
            "first_computed_at": computed,
            "public_key_fingerprint": self._signer.fingerprint,
        }

    @cached_property
    def _texts(self) -> dict[str, Any]:
        paper = self.paper
        return {
            "title": paper.title,
            "license": paper.license,
            "headline": "",
            "cross_cats": paper.cross_cats,
            "primary_cat": paper.primary_cat,
            "authors_text": paper.authors,
            "submitted_at": paper.submitted_at,
            "abstract_excerpt": paper.abstract[:EXCERPT_CHARACTERS],
        }

    @cached_property
    def _verdict(self) -> dict[str, Any]:
        claims = self.paper.claims
        return {
            "id": f"verdict-{self.paper.index:08}" if claims else None,
            "model_set": {},
            "created_at": _micro(self._computed_at) if claims else None,
            "strongest_claim": claims[0] if claims else "",
            "one_line_summary": claims[-1] if claims else "",
            "pipeline_version": "pith-verdict-2026-05-01-v1" if claims else None,
            "weakest_assumption": claims[0][:80] if claims else "",
            "pith_extraction_headline": claims[0].split(" ", 1)[0] if claims else "",
        }

    @cached_property
    def graph_snapshot(self) -> dict[str, Any]:
        """The graph snapshot, the same in the record and in the bundle's event."""
        source = {"id": self.paper.source_id, "kind": "arxiv", "version": self.paper.version}
        return {
            "paper": self._texts,
            "claims": _claims(self.paper),
            "source": source,
            "verdict": self._verdict,
            "references": _references(self.paper),
            "formal_canon": {
                "evidence_count": self._evidence,
                "snapshot_sha256": _snapshot(list(range(self._evidence))),
            },
            "author_claims": {
                "count": 2 * self._evidence,
                "strong_count": self._evidence,
                "snapshot_sha256": _snapshot(list(range(2 * self._evidence))),
            },
            "builder_version": _BUILDER,
        }

    @property
    def _evidence(self) -> int:
        """How many formal links and strong author claims a paper has; most have none."""
        return self.paper.references % 3

    def _aliases(self, time: Callable[[datetime], str]) -> list[dict[str, str]]:
        arxiv, named = self.paper.source_id, time(self._computed_at)
        shortened = time(self._computed_at + timedelta(hours=11))
        return [
            _alias("arxiv", arxiv, named),
            _alias("arxiv_version", f"{arxiv}v{self.paper.version}", named),
            _alias("doi", f"10.48550/arxiv.{arxiv.lower()}", named),
            _alias("pith_short_12", self.identifier[:12], shortened),
            _alias("pith_short_16", self.identifier[:16], shortened),
            _alias("pith_short_8", self.identifier[:8], shortened),
        ]

    # -- events -------------------------------------------------------------------------------

    @cached_property
    def _events(self) -> list[tuple[dict[str, Any], dict[str, Any], bytes]]:
        """The events: as they stand in the bundle, in the state, and canonical."""
        found: list[tuple[dict[str, Any], dict[str, Any], bytes]] = []
        for turn, event_type in enumerate(self.event_types):
            before = [event["event_id"] for event, _, _ in found]
            found.append(self._event(turn, event_type, before))
        return found

    def _event(
        self, turn: int, event_type: EventType, before: list[str]
    ) -> tuple[dict[str, Any], dict[str, Any], bytes]:
        """Return an event in three forms, as in `_events`; `before` are the earlier ids."""
        payload = self._payload(event_type, turn)
        ordered = orjson.Fragment(canonical(payload, floats=False))
        content = self._content(event_type, turn, before)
        covered = {**content, "payload": ordered, "schema_version": "1.0"}
        digest = sha256_hex(canonical(covered, floats=False))
        event_id = f"sha256:{digest}"
        signed = self.built_at + timedelta(microseconds=350 * turn)
        tail = {
            "signature": self._signature(digest, "open_graph_event_sha256_bytes", signed),
            "content_sha256": digest,
            "schema_version": "1.0",
            "event_id": event_id,
        }
        event = {**content, "payload": payload, **tail}
        kept = {
            "event_id": event_id,
            "target": content["target"],
            "created_at": content["created_at"],
            "signer": orjson.Fragment(canonical(content["signer"], floats=False)),
            "payload": ordered,
        }
        return event, kept, canonical({**covered, **tail}, floats=False)

    def _content(self, event_type: EventType, turn: int, before: list[str]) -> dict[str, Any]:
        """Return an event without signature and digests; its payload is null."""
        signer_id, signer_type = happenings.signer_of(event_type, self.paper)
        # in real bundles the first two events do not name each other
        chained = turn > 1
        return {
            "event_type": event_type,
            "subject_pith_number": self.pith_number,
            "target": happenings.target(event_type),
            "payload": None,
            "signer": {
                "signer_id": signer_id,
                "signer_type": signer_type,
                "key_id": KEY_ID,
                "public_key_fingerprint": self._signer.fingerprint,
            },
            "created_at": _second(self._computed_at + timedelta(hours=max(0, turn - 1))),
            "supersedes": before[1:2] if event_type == "correction" else [],
            "prev_event": before[-1] if chained else None,
        }

    def _payload(self, event_type: EventType, turn: int) -> dict[str, Any]:
        if event_type == "record_created":
            return {
                "canonical_record": self.canonical_record,
                "canonical_sha256": self.canonical_sha256,
                "receipt": self.receipt,
                "source_kind": "arxiv",
                "source_id": self.paper.source_id,
                "source_version": self.paper.version,
                "attestation_state": "computed",
            }
        if event_type == "graph_snapshot":
            return {"graph_snapshot": self.graph_snapshot, "verdict_id": self._verdict["id"]}
        citing = self._citing() if event_type == "citation_signature" else ("", "", "")
        return happenings.payload(event_type, self.paper, self.canonical_sha256, citing, turn)

    def _signature(self, digest: str, message: str, signed_at: datetime) -> dict[str, Any]:
        return {
            "signature_status": "signed_v1",
            "algorithm": "ed25519",
            "key_id": KEY_ID,
            "public_key_fingerprint": self._signer.fingerprint,
            "signature_b64": self._signer.sign(digest),
            "signed_message": message,
            "signed_at": _micro(signed_at),
        }

    # -- documents ----------------------------------------------------------------------------

    @cached_property
    def _merged(self) -> dict[str, Any]:
        """The state: the merge of the events, each in the list of its type."""
        by_type: dict[str, list[dict[str, Any]]] = {}
        for event_type, (_, kept, _) in zip(self.event_types, self._events, strict=True):
            by_type.setdefault(event_type, []).append(kept)
        applied = [event["event_id"] for event, _, _ in self._events]
        current: dict[str, Any] = {
            "canonical_record": orjson.Fragment(canonical(self.canonical_record, floats=False)),
            "source_aliases": self._aliases(_second),
            **{name: by_type.get(event_type, []) for name, event_type in STATE_LISTS.items()},
            "mirror_hints": [],
            "record_created": by_type["record_created"][0],
        }
        state: dict[str, Any] = {
            "state_type": "pith_open_graph_state",
            "state_version": "1.0",
            "pith_number": self.pith_number,
            "merge_version": MERGE_VERSION,
            "event_count": len(applied),
            "valid_event_count": len(applied),
            "invalid_event_count": 0,
            "equivocation_count": 0,
            "current": current,
            "equivocations": [],
            "invalid_events": [],
            "applied_event_ids": applied,
        }
        state["state_sha256"] = sha256_hex(canonical(state, floats=False))
        return state

    @cached_property
    def state(self) -> bytes:
        """The state document, the same bytes as in the bundle."""
        return orjson.dumps(self._merged)

    def integrity(self) -> bytes:
        """Return the integrity document."""
        paper = self.paper
        return integrity(
            paper.index, paper.source_id, self.pith_number, self.built_at, self._signer
        )

    def bundle(self) -> bytes:
        """Return the bundle document."""
        bundle: dict[str, Any] = {
            "bundle_type": "pith_open_graph_bundle",
            "bundle_version": "1.0",
            "pith_number": self.pith_number,
            "short_pith_number": self._short_number,
            "canonical_record": self.canonical_record,
            "canonical_sha256": self.canonical_sha256,
            "source": self._source,
            "source_aliases": self._aliases(_second),
            "events": [event for event, _, _ in self._events],
            "timestamp_proofs": self._timestamp_proofs(),
            "mirror_hints": [self._mirror_hint()],
            "public_keys": [self._signer.public_keys_entry()],
            "merge_version": MERGE_VERSION,
            "built_at": _second(self.built_at),
            "links": self._bundle_links(),
            "state": orjson.Fragment(self.state),
        }
        ordered = {
            **bundle,
            "events": [orjson.Fragment(event) for _, _, event in self._events],
            "state": orjson.Fragment(canonical(self._merged, floats=False)),
        }
        digest = sha256_hex(canonical(ordered, floats=False))
        signed = self.built_at + timedelta(milliseconds=50)
        signature = self._signature(digest, "bundle_sha256_bytes", signed)
        bundle["bundle_signature"] = {**signature, "bundle_sha256": digest}
        return orjson.dumps(bundle)

    def _timestamp_proofs(self) -> list[dict[str, str]]:
        """Return a proof for each anchor. Real bundles have neither, so the shape is ours."""
        return [
            {"proof_type": "opentimestamps", "event_id": event["event_id"]}
            for event, _, _ in self._events
            if event["event_type"] == "timestamp_anchor"
        ]

    def _mirror_hint(self) -> dict[str, str]:
        links = self._bundle_links()
        return {
            "mirror_type": "https",
            "name": "Pith Resolver",
            "base_url": _SITE,
            "bundle_url": links["bundle"],
            "state_url": links["state"],
            "well_known_bundle_url": links["well_known_bundle"],
            "status": "primary",
        }

    def _bundle_links(self) -> dict[str, str]:
        page = f"{_SITE}/pith/{self.identifier}"
        return {
            "resolver": page,
            "bundle": f"{page}/bundle.json",
            "state": f"{page}/state.json",
            "well_known_bundle": f"{_SITE}/.well-known/pith/{self.identifier}/bundle.json",
        }

    def record(self) -> bytes:
        """Return the record document."""
        created = _offset(self._computed_at + timedelta(microseconds=125))
        return orjson.dumps(
            {
                "record_type": "pith_number_record",
                "schema_url": f"{_SITE}/schemas/pith-number/v1.json",
                "pith_number": self.pith_number,
                "short_pith_number": self._short_number,
                "schema_version": "1.0",
                "canonical_sha256": self.canonical_sha256,
                "source": self._source,
                "attestation_state": "computed",
                "paper": self._texts,
                "verification_status": self._verification_status(),
                "canonical_record": self.canonical_record,
                "receipt": self.receipt,
                "graph_snapshot": self.graph_snapshot,
                "aliases": self._aliases(_offset),
                "events": [],
                "event_summary": {},
                "paper_claims": [],
                "inbound_citations": self._inbound_citations(),
                "formal_canon": {"evidence_count": self._evidence, "sample": [], "anchors": []},
                "links": self._record_links(),
                "agent_actions": self._agent_actions(),
                "created_at": created,
                "updated_at": created,
            }
        )

    def _verification_status(self) -> dict[str, Any]:
        held = Counter(self.event_types)
        return {
            "content_addressed": True,
            "pith_receipt": True,
            "author_attested": held["author_attestation"] > 0,
            "weak_author_claims": self._evidence,
            "strong_author_claims": self._evidence,
            "externally_anchored": held["timestamp_anchor"] > 0,
            "storage_verified": held["storage_attestation"] > 0,
            "citation_signatures": held["citation_signature"],
            "replication_records": held["replication_record"],
            "graph_snapshot": True,
            "references_resolved": self.paper.references > 0,
            "formal_links_present": self._evidence > 0,
        }

    def _inbound_citations(self) -> dict[str, Any]:
        citing = self.paper.citing
        return {
            "count": self.paper.citing_count,
            "internal_anchor_count": sum(citation.is_internal_anchor for citation in citing),
            "sample": [
                {
                    "citing_arxiv_id": citation.arxiv_id,
                    "citing_title": citation.title,
                    "ref_index": citation.ref_index,
                    "is_internal_anchor": citation.is_internal_anchor,
                }
                for citation in citing
            ],
        }

    def _record_links(self) -> dict[str, str]:
        page, api = f"{_SITE}/pith/{self.identifier}", f"{_SITE}/api/pith-number/{self.identifier}"
        return {
            "html": page,
            "json": f"{page}.json",
            "graph_json": f"{api}/graph.json",
            "events_json": f"{api}/events.json",
            "paper": f"{_SITE}/paper/{self.identifier[:8]}",
        }

    def _agent_actions(self) -> dict[str, Any]:
        links, page = self._record_links(), f"{_SITE}/pith/{self.identifier}"
        resolver = f"{_SITE}/api/pith-number/resolve"
        return {
            "view_html": links["html"],
            "download_json": links["json"],
            "view_paper": links["paper"],
            "resolve_alias": f"{resolver}?arxiv={self.paper.source_id}&json=true",
            "fetch_graph": links["graph_json"],
            "fetch_events": links["events_json"],
            "actions": {name: f"{page}/action/{kind}" for name, kind in _ACTIONS.items()},
        }


def _claims(paper: Paper) -> dict[str, Any]:
    items = [
        {
            "claim_id": f"C{number}",
            "kind": "strongest_claim" if number == 1 else "supporting_claim",
            "text": claim,
            "source": "verdict.strongest_claim",
            "status": "machine_extracted",
            "attestation": "unclaimed",
        }
        for number, claim in enumerate(paper.claims, 1)
    ]
    return {"count": len(items), "items": items, "snapshot_sha256": _snapshot(items)}


def _references(paper: Paper) -> dict[str, Any]:
    """Return the references; every fifth list of them has a sample, which no real document has."""
    sampled = range(min(3, paper.references)) if paper.index % 20 == 1 else ()
    sample = [{"ref_index": number, "doi": f"10.1000/synth.{number}"} for number in sampled]
    return {
        "count": paper.references,
        "sample": sample,
        "resolved_work": paper.references // 2,
        "snapshot_sha256": _snapshot(list(range(paper.references))),
        "internal_anchors": paper.references // 5,
    }


def _snapshot(items: list[Any]) -> str:
    return snapshot_digest(items) if items else _EMPTY


def _alias(kind: str, value: str, created_at: str) -> dict[str, str]:
    return {"alias_kind": kind, "alias_value": value, "created_at": created_at}


def _micro(time: datetime) -> str:
    """Return a time as receipts and signatures write it."""
    return f"{time.isoformat(timespec='microseconds')[:26]}Z"


def _second(time: datetime) -> str:
    """Return a time as bundles and states write it."""
    return f"{time.isoformat(timespec='seconds')[:19]}Z"


def _offset(time: datetime) -> str:
    """Return a time as records write it."""
    return time.isoformat(timespec="microseconds")
