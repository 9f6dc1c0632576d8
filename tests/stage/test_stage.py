"""A hostile document costs no more than its size: its parts do not multiply each other."""

from __future__ import annotations

import base64
import hashlib
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.documents.keyring import Keyring, load
from pipeline.limits import (
    MAX_EVENTS,
    MAX_ITEMS,
    MAX_KEYS,
    MAX_LABEL_CHARACTERS,
    MAX_LISTED,
    MAX_NAMESAKES,
    MAX_NUMBER_CHARACTERS,
    MAX_ROW_BYTES,
    SHOWN_CHARACTERS,
)
from pipeline.resources import default_keyring
from pipeline.stage.stage import stage
from tests.building import build_warehouse, rows
from tests.cases.forge import Json, bundle_of
from tests.cases.make_cases import FORGER, OWN, forged, plain, sample

#: The length of a long value, and the number of items that must not each repeat it.
LONG, MANY = 300_000, 5_000

KEYRING: Keyring = load(default_keyring())


def _staged(document: Json) -> dict[str, list[Json]]:
    raw = json.dumps(document).encode()
    tables = stage([(hashlib.sha256(raw).hexdigest(), raw)], KEYRING)
    return {name: table.to_pylist() for name, table in tables.items()}


def _reason(document: Json) -> str:
    (row,) = _staged(document)["documents"]
    assert row["status"] == "refused"
    return str(row["reason"])


def _long_key() -> bytes:
    """Return a document that is no compact JSON, with a long key over a long list."""
    return f'{{"pith_number": 1, "{"k" * LONG}": [{"0," * MANY}0]}}'.encode()


def _long_source() -> bytes:
    """Return a bundle with a long source that many events contradict."""
    bundle = bundle_of(OWN, plain())
    bundle["canonical_record"]["source"]["id"] = "p" * (MAX_ROW_BYTES // 2)
    payload = {"graph_snapshot": {"source": {"id": "x"}}}
    bundle["events"] += [{"event_type": "graph_snapshot", "payload": payload}] * MANY
    return json.dumps(bundle).encode()


@pytest.mark.parametrize("make", [_long_key, _long_source])
def test_a_long_value_does_not_multiply(make: Callable[[], bytes]) -> None:
    """Staging takes at most a hundred times the document's size in memory."""
    raw = make()
    tracemalloc.start()
    try:
        stage([(hashlib.sha256(raw).hexdigest(), raw)], KEYRING)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(raw)


def test_a_problem_shows_the_start_of_a_long_value() -> None:
    """A finding shows as much of a value as `SHOWN_CHARACTERS` says, and that it is cut."""
    record = sample(3)
    record["source"]["id"] = "p" * LONG
    (problem,) = [p for p in _staged(record)["problems"] if p["code"] == "source_disagrees"]
    assert problem["actual"] == "p" * SHOWN_CHARACTERS + "…"


def test_a_number_that_is_too_long_is_refused() -> None:
    """A Pith number longer than the limit refuses the document: every row would repeat it."""
    record = sample(3)
    record["pith_number"] = "p" * MAX_NUMBER_CHARACTERS
    assert _staged(record)["documents"][0]["status"] == "ok"
    record["pith_number"] += "p"
    assert "/pith_number" in _reason(record)


def test_more_keys_than_the_limit_are_refused() -> None:
    """A bundle carries as many keys as the limit allows, and not one more."""
    bundle = sample(4)
    bundle["public_keys"] *= MAX_KEYS
    assert _staged(bundle)["documents"][0]["status"] == "ok"
    bundle["public_keys"].append(FORGER.carried())
    assert "/public_keys" in _reason(bundle)


@pytest.mark.parametrize(
    "place",
    [
        "/bundle_signature/key_id",
        "/events/0/signature/public_key_fingerprint",
        "/events/0/signer/key_id",
        "/events/0/payload/receipt/key_id",
        "/public_keys/0/fingerprint_sha256_hex",
    ],
)
def test_a_label_of_a_key_that_is_too_long_is_refused(place: str) -> None:
    """Names and fingerprints of keys are bounded: each signature is compared with each of them."""
    *path, name = (int(token) if token.isdigit() else token for token in place[1:].split("/"))
    for extra, status in (("", "ok"), ("x", "refused")):
        bundle = sample(4)
        holder = bundle
        for token in path:
            holder = holder[token]
        holder[name] = "x" * MAX_LABEL_CHARACTERS + extra
        assert _staged(bundle)["documents"][0]["status"] == status
    assert place in _reason(bundle)


@pytest.mark.parametrize(
    ("number", "place", "item", "most"),
    [
        (4, "/events", {}, MAX_EVENTS),
        (1, "/current/graph_snapshots", {"payload": {"graph_snapshot": {}}}, MAX_EVENTS),
        (1, "/current/corrections", {}, MAX_EVENTS),
        (4, "/state/current/corrections", 0, MAX_EVENTS),
        (4, "/events/0/supersedes", "", MAX_ITEMS),
        (1, "/applied_event_ids", "", MAX_ITEMS),
        (3, "/canonical_record/metadata/cross_cats_sorted", "", MAX_ITEMS),
        (3, "/aliases", {"alias_kind": "", "alias_value": ""}, MAX_ITEMS),
        (3, "/inbound_citations/sample", {}, MAX_ITEMS),
        (3, "/graph_snapshot/claims/items", {}, MAX_ITEMS),
    ],
)
def test_lists_that_become_rows_have_a_length(
    number: int, place: str, item: Json | str | int, most: int
) -> None:
    """A longer one is refused at its pointer: the rows of an item are far larger than the item."""
    document = sample(number)
    *path, name = (int(token) if token.isdigit() else token for token in place[1:].split("/"))
    holder = document
    for token in path:
        holder = holder[token]
    holder[name] = [item] * (most + 1)
    assert place in _reason(document)


def test_a_name_of_too_many_keys_means_none() -> None:
    """A signature whose key's name is given to too many keys cannot be checked."""
    bundle = forged()
    names = {"key_id": bundle["bundle_signature"]["key_id"], "algorithm": "ed25519"}
    keys = [base64.b64encode(bytes([number]) * 32).decode() for number in range(MAX_NAMESAKES)]
    for made in (bundle["bundle_signature"], *bundle["public_keys"], *names_of(bundle)):
        made["key_id"] = names["key_id"] = "nobody"
        made.pop("public_key_fingerprint", None)
    bundle["public_keys"] += [{**names, "public_key_b64": key} for key in keys[1:]]
    assert {row["verdict"] for row in _events(bundle)} == {"holds"}
    bundle["public_keys"].append({**names, "public_key_b64": keys[0]})
    assert {row["verdict"] for row in _events(bundle)} == {"unknown_key"}


def names_of(bundle: Json) -> list[Json]:
    """Return the signatures of a bundle's events."""
    return [made["signature"] for made in bundle["events"]]


def _events(bundle: Json) -> list[Json]:
    return [row for row in _staged(bundle)["signatures"] if row["kind"] == "event"]


def test_a_long_text_of_many_authors_is_split(tmp_path: Path) -> None:
    """Each of ten thousand authors is a row of its own."""
    record = sample(3)
    record["paper"]["authors_text"] = ", ".join(["a"] * 10_000)
    (tmp_path / "record.json").write_text(json.dumps(record))
    build_warehouse(tmp_path / "warehouse", tmp_path / "record.json")
    found = rows(
        tmp_path / "warehouse", "select count(*), max(position), any_value(name) from authors"
    )
    assert found == [(10_000, 9_999, "a")]


def test_problems_beyond_a_bound_are_counted_and_not_staged() -> None:
    """For each code of a document, a part holds problems up to the bound, and counts the rest."""
    bundle = bundle_of(OWN, plain())
    problems = _staged({**bundle, "events": [{}] * MANY})["problems"]
    found = [row["occurrences"] for row in problems if row["code"] == "event_subject_mismatch"]
    assert found == [1] * MAX_LISTED + [MANY - MAX_LISTED]


def _with_title(title: str) -> Json:
    record: Json = sample(3)
    record["paper"]["title"] = title
    return record


def test_a_text_that_makes_a_row_too_long_is_refused_by_its_pointer() -> None:
    """A row holds at most `MAX_ROW_BYTES` of text; the pointer names what weighs most."""
    assert _staged(_with_title("t" * (MAX_ROW_BYTES // 2)))["documents"][0]["status"] == "ok"
    staged = _staged(_with_title("é" * (MAX_ROW_BYTES // 2)))
    (document,) = staged.pop("documents")
    assert document["place"] == "/paper/title"
    assert "a row of papers would hold" in document["reason"]
    assert document["pith_number"] == sample(3)["pith_number"]
    assert not any(staged.values())


def test_a_payload_that_makes_a_row_too_long_is_refused_by_its_pointer() -> None:
    """The reason has the pointer of the payload and the limit."""
    bundle = bundle_of(OWN, plain())
    bundle["events"].append({"event_type": "correction", "payload": {"a": [0] * MAX_ROW_BYTES}})
    reason = _reason(bundle)
    assert f"/events/{len(bundle['events']) - 1}/payload" in reason
    assert f"more than {MAX_ROW_BYTES}" in reason


def test_many_unknown_fields_are_refused_before_their_pointers_make_a_row_too_long() -> None:
    """The pointers in `extra` count, even if the document is shorter than a row may be."""
    record = sample(3)
    record["aliases"][0] |= {f"a{number}": 0 for number in range(2000)}
    assert len(json.dumps(record, separators=(",", ":"))) < MAX_ROW_BYTES
    assert "/aliases/0/a" in _reason(record)
