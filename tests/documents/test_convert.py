"""Typing: a declared field of another type is refused at its pointer; all others are kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.documents.convert import child_shape, free_values, typed
from pipeline.documents.ijson import RefusedError
from pipeline.documents.read import read
from pipeline.documents.shapes import Bundle, Claim, Claims, Event, Record, Source, State, Texts
from tests.json_values import places
from tests.paths import SAMPLES

SAMPLE_FILES = sorted(SAMPLES.iterdir())

#: The fields of free form: whatever stands in or below them is kept as JSON.
FREE = re.compile(
    r"/links(/.*)?|/agent_actions(/.*)?|(/state/current)?/mirror_hints(/.*)?"
    r"|/current/mirror_hints|/timestamp_proofs|/events|/event_summary|/paper_claims"
    r"|/formal_canon/(sample|anchors)(/.*)?|.*/(model_set|references/sample)(/.*)?"
    r"|/events/\d+/(supersedes|prev_event)|/public_keys/\d+/rotates_at"
    r"|(/state)?/(equivocations|invalid_events)"
    r"|(/state)?/current/(author_attestations|timestamp_anchors|storage_attestations"
    r"|citation_signatures|replication_records|corrections)"
)

#: The fields that a document must have: markers, identity and what is in a list.
NEEDED = re.compile(
    r"/(record|bundle|state)_type|(/state)?/pith_number|(/state)?/current|.*/canonical_record"
    r"|.*/canonical_record/(source|metadata)|.*/(aliases|source_aliases)/\d+/alias_(kind|value)"
    r"|.*/payload(/graph_snapshot)?"
)

#: Values of each type, `1` and `1.0` and `true` among them.
SPECIMENS: list[object] = ["x", 1, 1.0, True, [0.5], {"never seen": 1}]


def outcome(tree: object) -> str:
    """Return where a document is refused, or that it is accepted."""
    try:
        read(json.dumps(tree).encode())
    except RefusedError as error:
        return error.place
    return "accepted"


def is_free(pointer: str, kind: str) -> bool:
    """Tell whether a field is of free form in a document of a kind."""
    if pointer == "/events":  # declared in a bundle, never seen with anything in a record
        return kind == "record"
    return FREE.fullmatch(pointer) is not None


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.name[:3])
def test_every_declared_type(path: Path) -> None:
    """A field of another type refuses the document at its pointer; fields of free form do not."""
    tree = json.loads(path.read_bytes())
    kind = read(path.read_bytes()).kind
    for pointer, holder, key in list(places(tree)):
        original = holder[key]
        expected = "accepted" if is_free(pointer, kind) else pointer
        for value in SPECIMENS:
            if original is not None and type(value) is not type(original):
                holder[key] = value
                assert outcome(tree) == expected, (pointer, value)
        holder[key] = original


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.name[:3])
def test_absent_or_null(path: Path) -> None:
    """Any field may be null or absent, except for the few that a document must have."""
    tree = json.loads(path.read_bytes())
    for pointer, holder, key in list(places(tree)):
        if isinstance(holder, list):
            continue
        needed = NEEDED.fullmatch(pointer) and not FREE.fullmatch(pointer)
        original = dict(holder)
        holder[key] = None
        assert (outcome(tree) != "accepted") == bool(needed), pointer
        del holder[key]
        assert (outcome(tree) != "accepted") == bool(needed), pointer
        holder.clear()
        holder.update(original)


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.name[:3])
def test_undeclared_kept(path: Path) -> None:
    """An undeclared field in any object never refuses a document, and is kept at its pointer."""
    tree = json.loads(path.read_bytes())
    name, value = "never/seen~", {"a": [1, None]}
    before = read(path.read_bytes()).extra
    objects = [("", tree)]
    objects += [(p, h[k]) for p, h, k in places(tree) if isinstance(h[k], dict)]
    for pointer, target in objects:
        target[name] = value
        extra = read(json.dumps(tree).encode()).extra
        if not FREE.fullmatch(pointer):
            assert extra == {**before, f"{pointer}/never~1seen~0": value}
        del target[name]


def test_samples_have_nothing_extra() -> None:
    """Every field of the real documents is declared, and none is refused."""
    assert [read(path.read_bytes()).extra for path in SAMPLE_FILES] == [{}] * 5


def test_all_undeclared_fields_at_once() -> None:
    """Several undeclared fields, nested and in lists, all go to extra; the rest is typed."""
    extra: dict[str, Any] = {}
    value = {
        "count": 1,
        "unseen": None,
        "items": [{"claim_id": "C1", "x": 1}, {"claim_id": "C2", "x": {"y": []}}],
    }
    claims = typed(value, Claims, "/claims", extra)
    assert extra == {
        "/claims/unseen": None,
        "/claims/items/0/x": 1,
        "/claims/items/1/x": {"y": []},
    }
    assert claims.items is not None
    assert [claim.claim_id for claim in claims.items] == ["C1", "C2"]
    assert "unseen" in value


def test_refused_leaves_extra_alone() -> None:
    """A value that is refused, though it has undeclared fields, adds nothing to extra."""
    extra: dict[str, Any] = {}
    with pytest.raises(RefusedError) as caught:
        typed({"version": "1", "unseen": 0}, Source, "/source", extra)
    assert caught.value.place == "/source/version"
    assert extra == {}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("text", "/events/0"),
        ([], "/events/0"),
        ({"signer": []}, "/events/0/signer"),
        ({"signer": {"signer_id": 1}}, "/events/0/signer/signer_id"),
        ({"signature": {"key_id": {}}}, "/events/0/signature/key_id"),
    ],
)
def test_place_below_a_pointer(value: object, place: str) -> None:
    """A refusal names the place in the document, not in the part that was typed."""
    with pytest.raises(RefusedError) as caught:
        typed(value, Event, "/events/0", {})
    assert caught.value.place == place
    assert caught.value.reason.startswith("wrong type: Expected ")


def test_root_refused() -> None:
    """A root without a required field is refused at the root."""
    with pytest.raises(RefusedError) as caught:
        typed({"pith_number": "pith:2015:X"}, Record, "", {})
    assert caught.value.place == "/"
    assert "canonical_record" in caught.value.reason


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
def test_integer_beyond_a_column(number: int) -> None:
    """An integer that survives parsing but fits no BIGINT column is refused at its pointer."""
    with pytest.raises(RefusedError) as caught:
        typed({"version": number}, Source, "", {})
    assert caught.value.place == "/version"
    assert typed({"version": 2**63 - 1}, Source, "", {}).version == 2**63 - 1
    assert typed({"version": -(2**63)}, Source, "", {}).version == -(2**63)


def test_free_values() -> None:
    """Values of free form are found at any depth, with whether they have a column."""
    record, state, bundle = (json.loads(SAMPLE_FILES[n].read_bytes()) for n in (0, 1, 2))
    record["formal_canon"]["sample"] = record["graph_snapshot"]["references"]["sample"] = [0]
    current = bundle["state"]["current"]
    current["graph_snapshots"][0]["payload"]["graph_snapshot"]["verdict"]["model_set"] = {"a": 1}
    current["mirror_hints"] = False
    state["current"]["corrections"] = 0
    found = {
        (type(shape), pointer): (value, unseen)
        for shape in (read(json.dumps(tree).encode()).shape for tree in (record, state, bundle))
        for pointer, value, unseen in free_values(shape)
    }
    snapshot = "/state/current/graph_snapshots/0/payload/graph_snapshot"
    assert found == {
        # the payloads of a bundle's events are not among them: the type decides on their shape
        (Bundle, "/links"): (bundle["links"], False),
        (Bundle, "/mirror_hints"): (bundle["mirror_hints"], False),
        (Bundle, "/state/current/mirror_hints"): (False, True),
        (Bundle, f"{snapshot}/verdict/model_set"): ({"a": 1}, True),
        (Record, "/agent_actions"): (record["agent_actions"], False),
        (Record, "/formal_canon/sample"): ([0], True),
        (Record, "/graph_snapshot/references/sample"): ([0], True),
        (Record, "/links"): (record["links"], False),
        (State, "/current/corrections"): (0, False),
    }


def test_child_shape() -> None:
    """The shape inside of a union or a list is found; plain types have none."""
    assert child_shape(Source) is Source
    assert child_shape(Source | None) is Source
    assert child_shape(list[Claim] | None) is Claim
    assert child_shape(Texts) is None
    assert child_shape(str | None) is None
    assert child_shape(Any) is None
