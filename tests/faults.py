"""Documents with a field that is gone, null, empty or absurd, with digests to match.

Each fault is put in many places at once: what a query that groups by a field does with nulls
shows only where many documents lack that field.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.cases import forge
from tests.cases.make_cases import OWN, plain, sample
from tests.tampering import Path_, get, put


def _gone(tree: Any, path: Path_) -> Any:  # noqa: ANN401 - any JSON
    holder = get(tree, path[:-1])
    kept: Any = [item for index, item in enumerate(holder) if index != path[-1]]
    if isinstance(holder, dict):
        kept = forge.without(holder, str(path[-1]))
    return put(tree, path[:-1], kept)


_FAULTS: tuple[Callable[[Any, Path_], Any], ...] = (
    _gone,
    lambda tree, path: put(tree, path, None),
    lambda tree, path: put(tree, path, ""),
    lambda tree, path: put(tree, path, "long" * 2000),
    lambda tree, path: put(tree, path, []),
    lambda tree, path: put(tree, path, 0),
)

#: The number of places in which one fault is put, at most.
_PLACES = 14


def faulty(chance: random.Random, faults: int, papers: Sequence[Path]) -> Iterator[bytes]:
    """Yield documents without faults, those of `papers` among them, and then faulty ones."""
    originals = [*_originals(), *(json.loads(file.read_bytes()) for file in papers)]
    yield from map(_raw, originals)
    places: dict[str, list[tuple[Any, Path_]]] = {}
    for tree in originals:
        for path in _paths(tree, ()):
            name = str(path[-1]) if isinstance(path[-1], str) else "an item"
            places.setdefault(name, []).append((tree, path))
    kinds = [(name, fault) for name in sorted(places) for fault in _FAULTS]
    # events without an id are always among them
    for name, fault in [("event_id", _gone), *chance.sample(kinds, faults)]:
        found = places[name]
        for tree, path in chance.sample(found, min(_PLACES, len(found))):
            changed = fault(tree, path)
            yield _raw(_restated(changed, path, chance) if chance.random() < 0.85 else changed)


def _raw(tree: Any) -> bytes:  # noqa: ANN401 - any JSON
    return json.dumps(tree, ensure_ascii=False).encode()


def _paths(value: Any, path: Path_) -> Iterator[Path_]:  # noqa: ANN401 - any JSON
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from _paths(item, (*path, key))


def _restated(tree: Any, path: Path_, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Return a changed document hashed and signed anew, or as it is where that cannot be done."""
    try:
        if "state_sha256" in tree:
            return forge.seal_state(tree)
        if "bundle_signature" not in tree:
            return tree
        if path[0] == "events" and path[2:] and path[2] not in _OF_CONTENT:
            event = forge.seal_event(OWN, get(tree, path[:2]))
            tree = put(tree, path[:2], event)
        return forge.seal_bundle(OWN, tree, merge=path[0] != "state" and chance.random() < 0.5)
    except (AttributeError, KeyError, TypeError):
        return tree


#: Fields that sealing an event writes anew, which would undo a fault in them.
_OF_CONTENT = ("signature", "content_sha256", "event_id")


def _originals() -> Iterator[Any]:
    """Yield the real documents, a record that is cited, and two papers with their states."""
    for number in range(5):
        yield sample(number)
    yield _cited()
    for bundle in (_attested(), _another()):
        yield bundle
        yield bundle["state"]


def _cited() -> Any:  # noqa: ANN401 - a JSON document
    record = sample(3)
    record["inbound_citations"] |= {
        "count": 3,
        "sample": [
            {"citing_arxiv_id": arxiv_id, "citing_title": "One", "ref_index": index}
            for index, arxiv_id in enumerate(["2401.00001", "2401.00001", "1512.01274"])
        ],
    }
    return record


def _attested() -> forge.Json:
    """Return a bundle with events of the types that the real ones lack."""
    record = forge.canonical_record()
    number, first = forge.number_of(record), plain()
    cites = {"citing_arxiv_id": "2401.00002", "ref_index": 3}
    payloads: list[tuple[str, forge.Json]] = [
        ("citation_signature", {**cites, "relationship": "supports", "citing_title": "Two"}),
        ("citation_signature", {**cites, "relationship": "refutes"}),
        ("correction", {"of": "it"}),
        ("author_attestation", {}),
    ]
    links = {"prev_event": first[0]["event_id"], "supersedes": [first[1]["event_id"]]}
    more = [forge.event(OWN, number, kind, payload, **links) for kind, payload in payloads]
    return forge.bundle_of(OWN, [*first, *more])


def _another() -> forge.Json:
    record = forge.canonical_record("Another Title")
    events = [forge.created(OWN, record), forge.snapshot(OWN, record)]
    return forge.seal_bundle(
        OWN,
        forge.bundle_of(OWN, events)
        | {
            "pith_number": forge.number_of(record),
            "canonical_record": record,
            "canonical_sha256": forge.digest(record),
            "source_aliases": forge.aliases_of(record),
        },
    )
