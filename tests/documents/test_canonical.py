"""Canonical bytes: the registry's published rule, byte for byte, in every place."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from pipeline.documents.canonical import (
    base32_id,
    canonical,
    digest,
    has_float,
    sha256_hex,
    snapshot_digest,
    text_digest,
    without,
)
from pipeline.documents.ijson import RefusedError, parse
from pipeline.documents.read import NotPithError, read
from pipeline.stage.flatten.documents import flatten
from pipeline.stage.rows import DocumentRows, Rows
from pipeline.stage.schema import DocumentRow, EventRow, Row, StateRow
from tests.json_values import (
    FLOATS,
    INTEGERS,
    TEXTS,
    VALUES,
    VALUES_WITHOUT_FLOATS,
    places,
    published,
    published_digest,
)
from tests.paths import SAMPLES

SAMPLE_FILES = sorted(SAMPLES.iterdir())
TREES: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in SAMPLE_FILES]

#: Characters and numbers that serialisers are known to write differently.
HARD = [
    {"\U0001f602": 1, "\ufb33": 2, "é": 3, "e": 4, "E": 5, "": 6},
    ['\x00\x01\x1f\b\t\n\f\r"\\/', "\x7f", "\x80\x9f", "\u2028\u2029", "</script>", "\U0010ffff"],
    [1e-05, 1e-06, 1e-07, 0.0001, 1e15, 1e16, 1e17, 1e21, 1e22, 1e23, 123456789012345680.0],
    [-0.0, 0.0, 5e-324, 1.7976931348623157e308, 0.1, 1.0, 100.0, 1e2, -1e-10],
    [2**63 - 1, 2**63, 2**64 - 1, -(2**63), 2**53 + 1, 0, -1],
    [2**64, -(2**63) - 1, 10**40],
    [True, 1, 1.0, False, 0, None, "", [], {}, [[]], [{}]],
]


@pytest.mark.parametrize("value", HARD, ids=lambda value: ascii(value)[:30])
def test_hard_values(value: object) -> None:
    """Values on which serialisers disagree are written by the published rule."""
    assert canonical(value) == published(value)


@given(VALUES)
def test_any_value(value: object) -> None:
    """Any value, floats included, is written as the published rule writes it."""
    assert canonical(value) == published(value)
    assert digest(value) == published_digest(value)


@given(VALUES_WITHOUT_FLOATS)
def test_value_without_floats(value: object) -> None:
    """The short cut for values without floats writes the same bytes."""
    assert not has_float(value)
    assert canonical(value, floats=False) == published(value)
    assert digest(value, floats=False) == published_digest(value)


@given(st.integers() | st.integers(2**64, 2**200))
def test_any_integer(number: int) -> None:
    """Integers beyond 64 bits keep all their digits."""
    assert canonical([number], floats=False) == published([number])


@given(st.dictionaries(TEXTS, INTEGERS, min_size=2))
def test_keys_sorted_by_code_point(value: dict[str, int]) -> None:
    """Keys stand in the order of their code points, whatever order they came in."""
    assert list(json.loads(canonical(value))) == sorted(value)
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(FLOATS, st.lists(st.sampled_from(["a", 0]), max_size=6))
def test_float_found_at_any_depth(number: float, path: list[str | int]) -> None:
    """A float is found wherever it stands, and no integer or boolean is taken for one."""
    value: object = number
    plain: object = [1, True, None, "1.0"]
    for key in path:
        value = {"a": value, "b": 1} if key == "a" else [True, value]
        plain = {"a": plain, "b": 1} if key == "a" else [True, plain]
    assert has_float(value)
    assert not has_float(plain)


def test_deeper_than_the_serialiser() -> None:
    """A value one level deeper than orjson goes is still written by the published rule."""
    value: object = 1
    for _ in range(256):
        value = [value]
    assert canonical(value, floats=False) == published(value) == b"[" * 256 + b"1" + b"]" * 256


# -- it is not RFC 8785 -----------------------------------------------------------------------

#: How our bytes compare with the outputs of the JCS suite (RFC 8785).
JCS = {
    "arrays.json": "equal",
    "french.json": "equal",
    "structures.json": "differs",  # 56.0 stays a float here and becomes 56 there
    "unicode.json": "equal",
    "values.json": "refused",  # 333333333.33333329 has more digits than a double keeps
    "weird.json": "differs",  # astral keys sort by code point here and by UTF-16 unit there
}


def jcs_verdict(raw: bytes, output: bytes) -> str:
    """Return how our canonical bytes of an input compare with the suite's output."""
    try:
        ours = canonical(parse(raw))
    except RefusedError:
        return "refused"
    return "equal" if ours == output else "differs"


def test_not_jcs(vectors: Path) -> None:
    """The canonical form is not RFC 8785: the two differ on floats and on astral keys."""
    inputs = sorted((vectors / "jcs" / "input").iterdir())
    outputs = vectors / "jcs" / "output"
    found = {
        file.name: jcs_verdict(file.read_bytes(), (outputs / file.name).read_bytes())
        for file in inputs
    }
    assert found == JCS


def test_not_jcs_by_example() -> None:
    """`1e30` gets Python's sign, and a key beyond the Basic Multilingual Plane sorts last."""
    assert canonical(parse(b"[1e30,56.0]")) == b"[1e+30,56.0]"
    assert list(parse(canonical({"\U0001f602": 0, "\ufb33": 0}))) == ["\ufb33", "\U0001f602"]


# -- the digests ------------------------------------------------------------------------------


def test_known_digests() -> None:
    """Digests that docs/format.md states come out of the functions that compute them."""
    assert snapshot_digest([]).startswith("25815315")
    assert snapshot_digest([]).endswith("4f57")
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("tree", [TREES[0], TREES[3]], ids=["000", "003"])
def test_record_digests(tree: dict[str, Any]) -> None:
    """The digests of a real record's canonical record and title are those it states."""
    record = tree["canonical_record"]
    assert digest(record) == tree["canonical_sha256"]
    assert text_digest(tree["paper"]["title"]) == record["metadata"]["title_canon_sha256"]
    assert base32_id(digest(record)) == tree["pith_number"].split(":")[2]


@pytest.mark.parametrize("tree", [TREES[2], TREES[4]], ids=["002", "004"])
def test_bundle_digests(tree: dict[str, Any]) -> None:
    """The digests of a real bundle, its events and its state are those it states."""
    whole = digest(without(tree, "bundle_signature"))
    assert whole == tree["bundle_signature"]["bundle_sha256"]
    assert digest(without(tree["state"], "state_sha256")) == tree["state"]["state_sha256"]
    for event in tree["events"]:
        content = without(event, "signature", "content_sha256", "event_id")
        assert digest(content) == event["content_sha256"]


def test_without_leaves_the_original() -> None:
    """A copy without keys leaves the original whole, and a key that is absent is no error."""
    value = {"a": 1, "b": 2}
    assert without(value, "a", "c") == {"b": 2}
    assert value == {"a": 1, "b": 2}


# -- floats anywhere in a document ------------------------------------------------------------


@st.composite
def documents_with_a_float(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Return a real document with a float put somewhere, and the pointer of the place."""
    tree = copy.deepcopy(draw(st.sampled_from(TREES)))
    number = draw(FLOATS)
    value = draw(st.sampled_from([number, [number], {"a": {"b": [0, number]}}]))
    if draw(st.booleans()):  # the payloads of unknown types are of free form
        for event in tree.get("events", []):
            if isinstance(event, dict):
                event["event_type"] = "never_seen"
    pointer, container, key = draw(st.sampled_from(list(places(tree))))
    if draw(st.booleans()):
        container[key] = value
    elif isinstance(container, dict):
        pointer = f"{pointer.rpartition('/')[0]}/never seen"
        container["never seen"] = value
    else:
        pointer = f"{pointer.rpartition('/')[0]}/{len(container)}"
        container.append(value)
    return tree, pointer


def digested_or_refused(tree: dict[str, Any], pointer: str) -> str:
    """Return whether a document with a float at a place was digested rightly, or refused there."""
    try:
        document = read(json.dumps(tree).encode())
    except RefusedError as error:
        return "refused" if f"{error.place}/".startswith(f"{pointer}/") else str(error)
    out = DocumentRows(Rows(), 0, "0" * 64, document)
    same = all(out.digest(part) == published_digest(part) for part in (tree, *tree.values()))
    return "digested" if same else f"another digest for {pointer}"


@settings(max_examples=300)
@given(documents_with_a_float())
def test_float_anywhere(case: tuple[dict[str, Any], str]) -> None:
    """A float in a real document is digested by the published rule, or refused where it stands."""
    assert digested_or_refused(*case) in {"digested", "refused"}


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.name[:3])
def test_float_in_every_object(path: Path) -> None:
    """An unknown field with a float, in each object of a document, is digested rightly."""
    pointers = [place for place, holder, _ in places(json.loads(path.read_bytes()))]
    for index, pointer in enumerate(pointers):
        tree = json.loads(path.read_bytes())
        _, holder, key = list(places(tree))[index]
        if isinstance(holder[key], dict):
            holder[key]["never seen"] = [1e-05]
            assert digested_or_refused(tree, pointer) == "digested"


BUNDLES = st.sampled_from([TREES[2], TREES[4]])


@given(BUNDLES, FLOATS, st.sampled_from(["links", "mirror_hints", "timestamp_proofs", "unseen"]))
def test_float_in_a_bundle(tree: dict[str, Any], number: float, name: str) -> None:
    """The recomputed digest of a bundle with a float is that of the published rule."""
    tree = {**tree, name: [{"value": number}]}
    rows = Rows()
    flatten(rows, 0, "0" * 64, read(json.dumps(tree).encode()))
    row = _row(rows, DocumentRow, 0)
    content = {key: value for key, value in tree.items() if key != "bundle_signature"}
    assert row["bundle_sha256_computed"] == published_digest(content)


def _row(rows: Rows, table: type[Row], number: int) -> dict[str, object]:
    """Return a row of a table by the names of its columns."""
    return asdict(rows.tables[table][number])


@given(BUNDLES, FLOATS)
def test_float_in_an_event(tree: dict[str, Any], number: float) -> None:
    """Events and state with a float have the published digests, and the state is reproduced."""
    tree = copy.deepcopy(tree)
    for payload in (
        tree["events"][1]["payload"],
        tree["state"]["current"]["graph_snapshots"][0]["payload"],
    ):
        payload["graph_snapshot"]["verdict"]["model_set"] = {"confidence": number}
    rows = Rows()
    flatten(rows, 0, "0" * 64, read(json.dumps(tree).encode()))
    event = _row(rows, EventRow, 1)
    content = without(tree["events"][1], "signature", "content_sha256", "event_id")
    assert event["content_sha256_computed"] == published_digest(content)
    state = _row(rows, StateRow, 0)
    assert state["state_sha256_computed"] == published_digest(
        without(tree["state"], "state_sha256")
    )
    assert state["merge_status"] == "reproduced"


def test_payload_nested_to_the_limit() -> None:
    """A payload nested as deeply as is allowed can be merged, a level deeper in the state."""
    tree = copy.deepcopy(TREES[2])
    snapshot = tree["events"][1]["payload"]["graph_snapshot"]
    snapshot["never seen"] = json.loads("[" * 249 + "]" * 249)
    rows = Rows()
    flatten(rows, 0, "0" * 64, read(json.dumps(tree).encode()))
    state = _row(rows, StateRow, 0)
    assert state["merge_status"] == "differs"


def test_no_pith_document() -> None:
    """A document with a float in place of its marker is no Pith document."""
    with pytest.raises(NotPithError):
        read(b'{"schema":1.5,"value":1e-5}')
