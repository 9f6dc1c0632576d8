"""Recognising and reading one document: what it is, what is refused and where, what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.documents.ijson import RefusedError
from pipeline.documents.read import NotPithError, UnsupportedError, looks_like_pith, read
from pipeline.documents.shapes import Bundle, Record, State
from tests.paths import SAMPLES

_PATHS = sorted(SAMPLES.iterdir())
RECORD, STATE, BUNDLE = (json.loads(_PATHS[n].read_bytes()) for n in (0, 1, 2))


def _raw(tree: dict[str, Any], **changes: object) -> bytes:
    return json.dumps({**tree, **changes}).encode()


def test_the_samples_are_recognised_by_their_content() -> None:
    """The five real documents, all named .txt, are two records, a state and two bundles."""
    found = [read(path.read_bytes()) for path in _PATHS]
    assert [document.kind for document in found] == [
        "record",
        "state",
        "bundle",
        "record",
        "bundle",
    ]
    shapes = [Record, State, Bundle, Record, Bundle]
    assert [type(document.shape) for document in found] == shapes


@pytest.mark.parametrize("path", _PATHS, ids=lambda path: path.stem[:3])
def test_the_tree_is_the_document(path: Path) -> None:
    """The parsed tree, of which the digests are made, equals what Python's own parser gives."""
    assert read(path.read_bytes()).tree == json.loads(path.read_bytes())


def test_events_of_a_bundle_and_of_a_state() -> None:
    """Events come in document order, from a bundle and from a state, with their payloads typed."""
    bundle, state = (read(_raw(tree)).events for tree in (BUNDLE, STATE))
    assert [event.pointer for event in bundle] == ["/events/0", "/events/1"]
    assert [event.pointer for event in state] == [
        "/current/record_created",
        "/current/graph_snapshots/0",
    ]
    for events in (bundle, state):
        assert [event.event_type for event in events] == ["record_created", "graph_snapshot"]
        assert all(event.payload is not None for event in events)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"pith_number": 7}, "/pith_number"),
        ({"pith_number": None}, "/pith_number"),
        ({"canonical_record": []}, "/canonical_record"),
        ({"canonical_record": {"source": {}}}, "/canonical_record"),
        ({"paper": {"title": 7}}, "/paper/title"),
        ({"paper": {"cross_cats": ["cs.LG", 7]}}, "/paper/cross_cats/1"),
        ({"aliases": [{"alias_kind": "doi", "alias_value": None}]}, "/aliases/0/alias_value"),
        ({"source": {"version": 2**63}}, "/source/version"),
        ({"source": {"version": 1.5}}, "/source/version"),
        ({"source": {"version": "1"}}, "/source/version"),
        ({"verification_status": {"pith_receipt": 1}}, "/verification_status/pith_receipt"),
        ({"mood": 1, "paper": {"a/b": 1, "title": []}}, "/paper/title"),
    ],
)
def test_a_wrong_type_is_refused_at_its_pointer(changes: dict[str, object], place: str) -> None:
    """A declared field of another type refuses the document, even beside unknown fields."""
    with pytest.raises(RefusedError, match="wrong type") as refused:
        read(_raw(RECORD, **changes))
    assert refused.value.place == place


def test_a_wrong_payload_is_refused_at_its_pointer() -> None:
    """The payload of an event is checked like the rest, by the type of the event."""
    events = json.loads(json.dumps(BUNDLE["events"]))
    events[1]["payload"]["graph_snapshot"]["claims"]["count"] = "many"
    with pytest.raises(RefusedError) as refused:
        read(_raw(BUNDLE, events=events))
    assert refused.value.place == "/events/1/payload/graph_snapshot/claims/count"


def test_an_unknown_event_is_kept() -> None:
    """An event of an unknown type is accepted, and its payload is kept as it is."""
    event = {**BUNDLE["events"][0], "event_type": "author_attestation", "payload": [1, {"a": 2.5}]}
    document = read(_raw(BUNDLE, events=[*BUNDLE["events"], event]))
    assert [event.event_type for event in document.events][2:] == ["author_attestation"]
    assert document.events[2].event.payload == [1, {"a": 2.5}]
    assert document.floats


def test_unknown_fields_are_kept_by_pointer() -> None:
    """Fields that are not declared, at any depth, are kept whole under their JSON pointers."""
    paper = {**RECORD["paper"], "mood~/": None}
    aliases = [{**RECORD["aliases"][0], "weight": 1.5}]
    document = read(_raw(RECORD, paper=paper, aliases=aliases, more={"deep": [1]}))
    assert document.extra == {
        "/paper/mood~0~1": None,
        "/aliases/0/weight": 1.5,
        "/more": {"deep": [1]},
    }
    assert document.floats


def test_lists_never_seen_with_items_are_kept() -> None:
    """A field that is always empty in real documents is kept as extra when it is not."""
    document = read(_raw(RECORD, events=[{"id": 1}], event_summary={"n": 1}, paper_claims=[]))
    assert document.extra == {"/events": [{"id": 1}], "/event_summary": {"n": 1}}


def test_items_of_a_state_that_are_no_events_are_kept() -> None:
    """An attestation in a state that has not the shape of an event becomes extra."""
    event = {**STATE["current"]["record_created"], "payload": {"orcid": "0"}, "note": "x"}
    current = {**STATE["current"], "author_attestations": [event, "free text"], "corrections": {}}
    document = read(_raw(STATE, current=current))
    assert document.extra == {
        "/current/author_attestations/0/note": "x",
        "/current/author_attestations/1": "free text",
    }
    assert [event.event_type for event in document.events][2:] == ["author_attestation"]


@pytest.mark.parametrize("raw", [b"[1]", b'"pith"', b"7", b"null", b'{"a": 1}', b"\x89PNG", b"x y"])
def test_other_things_are_no_pith(raw: bytes) -> None:
    """JSON without a marker, and bytes that are no JSON, are not taken for Pith documents."""
    with pytest.raises(NotPithError):
        read(raw)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"", "byte 0"),
        (b" \r\n\t", "byte 0"),
        (b'{"a": 1', "byte 7"),
        (b'[{"pith_number": "x"', "byte 20"),
        (b'{"pith_number": "x"}', "/pith_number"),
        (b'{"record_type": "other"}', "/record_type"),
        (b'{"record_type": ["pith_number_record"]}', "/record_type"),
    ],
)
def test_what_looks_like_pith_is_refused(raw: bytes, place: str) -> None:
    """A document that is empty, cut short or without its marker is refused with the place."""
    with pytest.raises(RefusedError) as refused:
        read(raw)
    assert refused.value.place == place


def test_integrity_documents_are_recognised() -> None:
    """An integrity document is recognised by its schema, whatever server it names."""
    schema = "https://example.org/schemas/pith-integrity/v1.json"
    document = read(json.dumps({"schema": schema, "pith_number": "1512.01274"}).encode())
    assert (document.kind, document.pith_number) == ("integrity", "1512.01274")


@pytest.mark.parametrize("path", ["pith-integrity/v2.json", "pith-else/v1.json"])
def test_another_schema_is_unsupported(path: str) -> None:
    """A document of an unknown schema is unsupported, and the error names the schema."""
    schema = f"https://example.org/schemas/{path}"
    with pytest.raises(UnsupportedError, match=path):
        read(json.dumps({"schema": schema, "pith_number": "1512.01274"}).encode())


def test_an_integrity_payload_of_another_shape_is_kept_whole() -> None:
    """A payload without a detector's finding is accepted, and goes to extra."""
    schema = "https://pith.science/schemas/pith-integrity/v1.json"
    payloads: list[object] = [{"challenge": 1}, ["x"], {"detector": 5, "finding_type": "x"}, None]
    events = [{"payload": payload} for payload in payloads]
    document = read(json.dumps({"schema": schema, "events": events}).encode())
    assert [finding.payload for finding in document.findings] == [None] * 4
    assert list(document.extra.values()) == payloads[:3]


def test_a_mirror_manifest_is_recognised() -> None:
    """A mirror manifest is recognised by its type; it has no number."""
    document = read(b'{"manifest_type": "pith_mirror_manifest", "mirrors": [{"name": "m"}]}')
    assert (document.kind, document.pith_number) == ("mirror_manifest", None)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "latin-1"])
def test_other_encodings_look_like_pith(encoding: str) -> None:
    """A Pith document in another encoding is recognised as one."""
    assert looks_like_pith(json.dumps(RECORD).encode(encoding))
