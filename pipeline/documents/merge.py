"""The merge of a bundle's events into a state (docs/format.md, "Merge").

The rule is proven for the two event types that real bundles hold. For another type, a second
`record_created` or another merge version the rule is unknown. The answer is then *not
reproducible*, never *wrong*.
"""

from __future__ import annotations

from typing import Any

from pipeline.documents.canonical import canonical, sha256_hex, without
from pipeline.documents.ijson import escape_pointer

MERGE_VERSION = "pith-open-graph-merge-v1"
_KEPT = ("event_id", "target", "created_at", "signer", "payload")
_EMPTY_LISTS = (
    "author_attestations",
    "timestamp_anchors",
    "storage_attestations",
    "citation_signatures",
    "replication_records",
    "corrections",
    "mirror_hints",
)


def merge(bundle: dict[str, Any], *, floats: bool) -> dict[str, Any] | None:
    """Return the state that a bundle's events merge to, or None where the rule is unknown.

    Args:
        bundle: the tree of a bundle whose shape was checked.
        floats: as in `canonical.canonical`.
    """
    state = merged_content(bundle)
    if state is not None:
        state["state_sha256"] = sha256_hex(canonical(state, floats=floats))
    return state


def merged_content(bundle: dict[str, Any]) -> dict[str, Any] | None:
    """Return the merged state without its hash."""
    events = bundle.get("events") or []
    types = [event.get("event_type") for event in events]
    known = all(t in ("record_created", "graph_snapshot") for t in types)
    if not known or types.count("record_created") != 1:
        return None
    if bundle.get("merge_version") != MERGE_VERSION:
        return None
    return {
        "state_type": "pith_open_graph_state",
        "state_version": "1.0",
        "pith_number": bundle["pith_number"],
        "merge_version": MERGE_VERSION,
        "event_count": len(events),
        "valid_event_count": len(events),
        "invalid_event_count": 0,
        "equivocation_count": 0,
        "current": _current(bundle, events),
        "equivocations": [],
        "invalid_events": [],
        "applied_event_ids": [event.get("event_id") for event in events],
    }


def _current(bundle: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    snapshots, created = [], None
    for event in events:
        item = {name: event.get(name) for name in _KEPT}
        if event["event_type"] == "record_created":
            created = item
        else:
            snapshots.append(item)
    return {
        "canonical_record": bundle["canonical_record"],
        "source_aliases": bundle.get("source_aliases"),
        "graph_snapshots": snapshots,
        "record_created": created,
        **{name: [] for name in _EMPTY_LISTS},
    }


def first_difference(expected: object, actual: object) -> str | None:
    """Return the JSON pointer of the first place where two JSON values differ, else None.

    Objects are compared by sorted key, as their canonical bytes are; `1`, `1.0` and `true`
    all differ from each other. The root is `/`.
    """
    path = _path(expected, actual)
    if path is None:
        return None
    return "".join(f"/{escape_pointer(str(token))}" for token in path) or "/"


def _path(expected: object, actual: object) -> list[str | int] | None:
    """Return the path to the first difference."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            if key not in expected or key not in actual:
                return [key]
            below = _path(expected[key], actual[key])
            if below is not None:
                return [key, *below]
        return None
    if isinstance(expected, list) and isinstance(actual, list):
        for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
            below = _path(left, right)
            if below is not None:
                return [index, *below]
        same = len(expected) == len(actual)
        return None if same else [min(len(expected), len(actual))]
    return None if canonical(expected) == canonical(actual) else []


def state_difference(expected: dict[str, Any], actual: dict[str, Any]) -> str | None:
    """Return where two states differ, leaving out the hash that differs with anything else."""
    content = without(expected, "state_sha256"), without(actual, "state_sha256")
    return first_difference(*content)
