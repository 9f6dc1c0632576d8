"""The events of a synthetic bundle beyond the two that real bundles hold.

No real document has their payloads. We chose the names of the fields; the values are those that
docs/format.md lists.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, get_args

from pipeline.synth.papers import Paper
from pipeline.vocabulary import EventType

_EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
#: The types after `record_created` and `graph_snapshot`, taken in turns.
TYPES: Final = _EVENT_TYPES[2:]
RELATIONSHIPS: Final = (
    "supports",
    "refutes",
    "extends",
    "uses_method",
    "depends_on",
    "replaces",
    "compares",
    "cites",
)
_REPLICATIONS = ("replication", "falsification", "formal bridge")
_TARGETS: dict[EventType, str] = {
    "record_created": "record",
    "graph_snapshot": "graph",
    "author_attestation": "claims",
    "citation_signature": "citation",
    "replication_record": "claims",
    "correction": "graph",
}


def types(paper: Paper, count: int) -> list[EventType]:
    """Return the types of a bundle's `count` events, in order; six more hold all of `TYPES`."""
    turns = (TYPES[(paper.index + turn) % len(TYPES)] for turn in range(count - 2))
    return [*_EVENT_TYPES[:2], *turns]


def target(event_type: EventType) -> str:
    """Return what an event of this type is about."""
    return _TARGETS.get(event_type, "record")


def signer_of(event_type: EventType, paper: Paper) -> tuple[str, str]:
    """Return (signer_id, signer_type): the registry, an author or a mirror."""
    if event_type in ("author_attestation", "citation_signature", "replication_record"):
        number = f"{paper.index:07}"
        return f"orcid:0000-0002-{number[:4]}-{number[3:]}", "author"
    if event_type == "storage_attestation":
        return "mirror.example.org", "mirror"
    return "pith.science", "pith_registry"


def payload(
    event_type: EventType,
    paper: Paper,
    canonical_sha256: str,
    citing: tuple[str, str, str],
    turn: int,
) -> dict[str, Any]:
    """Return the payload of an event of one of `TYPES`.

    Args:
        event_type: which.
        paper: the paper that the event is about.
        canonical_sha256: the digest of its canonical record.
        citing: arXiv id, Pith number and title of a paper that cites it.
        turn: its place among the events, so that no two payloads are equal.
    """
    payloads: dict[EventType, dict[str, Any]] = {
        "author_attestation": {
            "author_name": paper.authors.split(", ")[0],
            "claim_ids": [f"C{number + 1}" for number in range(len(paper.claims))],
            "statement": f"I stand by version {paper.version}.",
            "turn": turn,
        },
        "timestamp_anchor": {
            "anchor_type": "opentimestamps",
            "anchored_sha256": canonical_sha256,
            "block_height": 900_000 + paper.index + turn,
        },
        "storage_attestation": {
            "storage_type": "ipfs",
            "stored_sha256": canonical_sha256,
            "location": f"ipfs://{canonical_sha256}/{turn}",
        },
        "citation_signature": _citation(paper, citing, turn),
        "replication_record": {
            "kind": _REPLICATIONS[(paper.index + turn) % len(_REPLICATIONS)],
            "outcome": "confirmed",
            "report_sha256": hashlib.sha256(f"{paper.index} {turn}".encode()).hexdigest(),
        },
        "correction": {
            "field": "headline",
            "was": "",
            "is": f"{paper.title[:40]} ({turn})",
        },
    }
    return payloads[event_type]


def _citation(paper: Paper, citing: tuple[str, str, str], turn: int) -> dict[str, Any]:
    return {
        "citing_arxiv_id": citing[0],
        "citing_pith_number": citing[1],
        "citing_title": citing[2],
        "ref_index": turn,
        "relationship": RELATIONSHIPS[(paper.index + turn) % len(RELATIONSHIPS)],
    }
