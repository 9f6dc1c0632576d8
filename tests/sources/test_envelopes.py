"""Documents in an envelope are read as if they stood alone; documents are never taken apart."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.jobs.raw_document import raw_document
from pipeline.limits import DEFAULT, Limits
from pipeline.sources.envelopes import find
from pipeline.sources.files import discover
from pipeline.sources.reading import Share, read_documents
from tests.json_values import VALUES
from tests.site import REAL
from tests.sources.packed import CODECS, packed_tar, read

DOCUMENTS = [content.strip() for content in REAL.values()]
ITEMS = b"[" + b",\n".join(DOCUMENTS) + b"]"

#: What stands around documents, and the pointer to them.
AROUND: dict[str, tuple[bytes, bytes]] = {
    "/items": (b'{"items":', b"}"),
    "/message/items": (b'\n{"status": "ok", "message": {"items": ', b"}}\n"),
}


@pytest.mark.parametrize("pointer", AROUND)
@pytest.mark.parametrize("beside", [b"", b'"facets": {"a": [1, {"items": []}]}, "total": 5, '])
def test_each_item_is_a_document(tmp_path: Path, pointer: str, beside: bytes) -> None:
    """Each keeps its own bytes, its number, and the pointer to what it stands in."""
    before, behind = AROUND[pointer]
    raw = before.replace(b"{", b"{" + beside, 1) + ITEMS + behind
    (tmp_path / "dump.json").write_bytes(raw)
    assert read(tmp_path) == [
        (f"{tmp_path}/dump.json!{pointer}", number, None, document)
        for number, document in enumerate(DOCUMENTS, 1)
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_document_is_unwrapped(tmp_path: Path, indent: int | None) -> None:
    """What stands at `/data` is a document with its own bytes."""
    document = json.dumps(json.loads(DOCUMENTS[0]), indent=indent).encode()
    (tmp_path / "a").write_bytes(b'{"ok": true, "data": ' + document + b', "next": null}')
    assert read(tmp_path) == [(f"{tmp_path}/a!/data", 1, None, document)]


def test_an_envelope_is_read_wherever_a_document_is(tmp_path: Path) -> None:
    """It may be packed, and a member of an archive; its bytes are found again by their place."""
    envelope = b'{"items": ' + ITEMS + b"}"
    archive = packed_tar({"a.json.gz": CODECS["gz"](envelope)})
    (tmp_path / "x.tar.zst").write_bytes(CODECS["zst"](archive))
    found = read(tmp_path)
    path = f"{tmp_path}/x.tar.zst!a.json.gz!/items"
    assert [(one, number) for one, number, *_ in found] == [
        (path, number) for number in range(1, len(DOCUMENTS) + 1)
    ]
    assert raw_document(path, 2) == DOCUMENTS[1]


@pytest.mark.parametrize(
    "document",
    [
        b'{"record_type": "pith_number_record", "items": [{"a": 1}]}',
        b'{"data": {"a": 1}, "record_type": "pith_number_record"}',
        b'{"items": [{"a": 1}], "state_type": "pith_open_graph_state"}',
        b'{"message": {"items": [{"a": 1}]}, "pith_number": "pith:2015:A"}',
        b'{"data": {"a": 1}, "schema": "https://pith.science/schemas/pith-integrity/v1.json"}',
        # these are read whole, too, so that nothing in them is skipped
        b'{"data": {"a": 1}, "other": ' + DOCUMENTS[0] + b"}",
        b'{"data": ' + DOCUMENTS[0] + b', "items": ' + ITEMS + b"}",
        b'{"data": ' + DOCUMENTS[0] + b', "data": ' + DOCUMENTS[1] + b"}",
        b'{"data": ' + DOCUMENTS[0] + b', "a": ',
        b'{"data": {}}',
        b'{"items": []}',
        b'{"items": [3, {"a": 1}]}',
        b'{"a": {"items": [{"a": 1}]}}',
        b'{"message": {"message": {"items": [{"a": 1}]}}}',
        rb'{"\u0064ata": {"a": 1}}',
        rb'{"a": "\"data\": {", "b": "\\"}',
    ],
)
def test_what_is_no_envelope_is_not_taken_apart(tmp_path: Path, document: bytes) -> None:
    """A document with such keys is read whole, and so is an object with a document beside one."""
    (tmp_path / "a").write_bytes(document)
    assert read(tmp_path) == [(f"{tmp_path}/a", 1, None, document)]


@pytest.mark.parametrize(
    ("raw", "inner"),
    [
        (b'{"data": {"items": ' + ITEMS + b"}}", b'{"items": ' + ITEMS + b"}"),
        (b'{"items": [{"data": {"a": 1}}]}', b'{"data": {"a": 1}}'),
    ],
)
def test_an_envelope_in_an_envelope_is_not_opened(tmp_path: Path, raw: bytes, inner: bytes) -> None:
    """The inner one is read whole, as one document."""
    (tmp_path / "a").write_bytes(raw)
    assert [document for *_, document in read(tmp_path)] == [inner]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"items": [{"a":1},{"b":', "the array is cut in the element at byte 19"),
        (b'{"items": [{"a":1},3]}', "the array is cut or broken at byte 19"),
        (b'{"items": [{"a":1}], "b": ', "the envelope is cut or broken behind byte 19"),
        (b'{"items": [{"a":1}]} {}', "the envelope is cut or broken behind byte 19"),
        (b'{"items": [{"a":1}], "items": []}', "the envelope is cut or broken behind byte 19"),
    ],
)
def test_a_broken_envelope_keeps_what_is_whole(tmp_path: Path, raw: bytes, reason: str) -> None:
    """Every document before the break is read; then a row names the byte."""
    (tmp_path / "a").write_bytes(raw)
    path = f"{tmp_path}/a!/items"
    assert read(tmp_path) == [
        (path, 1, None, b'{"a":1}'),
        (path, 2, f"unreadable: {reason}", None),
    ]


@pytest.mark.parametrize("beside", [b'"data": ' + DOCUMENTS[0], b'"pith_number": "a"'])
def test_a_document_behind_a_long_array_is_said(tmp_path: Path, beside: bytes) -> None:
    """If an array is longer than a document, the text after it is read last and not skipped."""
    (tmp_path / "a").write_bytes(b'{"items": ' + ITEMS + b", " + beside + b"}")
    *whole, last = read(tmp_path, Limits(document_bytes=20_000))
    assert [raw for *_, raw in whole] == DOCUMENTS
    reason = "unreadable: beside /items the envelope is or holds a document: write it alone"
    assert last[2] == reason


def test_shares_read_each_document_of_an_envelope_once(tmp_path: Path) -> None:
    """However many workers there are, one of them reads each document, and each fault."""
    raw = b'{"items": [' + b",".join(DOCUMENTS * 100) + b"], "
    (tmp_path / "a").write_bytes(raw)
    shared = [one for n in range(3) for one in read(tmp_path / "a", share=Share(n, 3))]
    assert sorted(shared, key=str) == sorted(read(tmp_path / "a"), key=str)
    assert [one[1] for one in shared if one[2]] == [100 * len(DOCUMENTS) + 1]


def test_a_long_envelope_is_read_as_a_stream(tmp_path: Path) -> None:
    """Memory does not grow with its documents."""
    (tmp_path / "a").write_bytes(b'{"items": [' + b",".join(DOCUMENTS * 1000) + b"]}")
    (file,) = discover([tmp_path])
    tracemalloc.start()
    count = sum(1 for _ in read_documents(file, DEFAULT))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1000 * len(DOCUMENTS)
    assert peak < 12 * DEFAULT.document_bytes


@given(st.dictionaries(st.text(), VALUES), st.dictionaries(st.text(), VALUES, min_size=1))
def test_an_envelope_is_found_among_any_members(
    beside: dict[str, object], document: dict[str, object]
) -> None:
    """Whatever stands beside the document, its bytes are those of a parser."""
    beside = {key: value for key, value in beside.items() if key not in {"data", "items"}}
    raw = json.dumps({**beside, "data": document}).encode()
    found = find(raw, DEFAULT)
    if found is None:
        # a float or integer that does not survive, or another envelope beside it
        return
    assert found.pointer in {"/data", "/message/items"}
    if found.pointer == "/data":
        assert json.loads(raw[len(found.before) : found.end]) == document
