"""A JSON array of documents and a sequence of them are read a document at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.limits import DEFAULT, Limits
from pipeline.sources.arrays import elements
from pipeline.sources.streams import Begun
from tests.json_values import VALUES
from tests.site import REAL
from tests.sources.packed import read


class _Dripping:
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = data, size

    def read(self, _size: int, /) -> bytes:
        data, self._data = self._data[: self._size], self._data[self._size :]
        return data


@given(st.lists(st.dictionaries(st.text(), VALUES, min_size=1), min_size=1), st.integers(1, 9))
def test_elements_are_those_of_a_parser(values: list[dict[str, object]], size: int) -> None:
    """Whatever stands in strings, and however little a stream gives, each element is whole."""
    raw = json.dumps(values, indent=1).encode()
    found = list(elements(Begun(_Dripping(raw, size)), DEFAULT))
    assert [json.loads(element or b"") for _, element in found] == values
    assert all(raw.startswith(element or b"?", at) for at, element in found)


@pytest.mark.parametrize("indent", [b"", b"\n  "])
def test_an_array_of_documents_is_read(tmp_path: Path, indent: bytes) -> None:
    """Each keeps its own bytes, and its place is its number."""
    documents = [content.strip() for content in REAL.values()]
    (tmp_path / "dump.json").write_bytes(b"[" + indent + (b"," + indent).join(documents) + b"]\n")
    found = read(tmp_path)
    assert [(position, reason, raw) for _, position, reason, raw in found] == [
        (number, None, document) for number, document in enumerate(documents, 1)
    ]


def test_a_sequence_of_documents_is_read(tmp_path: Path) -> None:
    """A JSON text sequence (RFC 7464) holds a document behind each separator."""
    documents = [content.strip() for content in REAL.values()]
    (tmp_path / "dump").write_bytes(b"".join(b"\x1e" + raw + b"\n" for raw in documents))
    assert [(position, raw) for _, position, _, raw in read(tmp_path)] == [*enumerate(documents, 1)]


@pytest.mark.parametrize(
    ("raw", "documents", "reason"),
    [
        (b'[{"a":1},{"b":', 1, "the array is cut in the element at byte 9"),
        (b'[{"a":1},', 1, "the array is cut or broken at byte 9"),
        (b'[{"a":1} {"b":2}]', 1, "the array is cut or broken at byte 9"),
        (b'[{"a":1},,{"b":2}]', 1, "the array is cut or broken at byte 9"),
        (b'[{"a":1},]', 1, "the array is cut or broken at byte 9"),
        (b'[{"a":1}, 3]', 1, "the array is cut or broken at byte 10"),
        (b'[{"a":1}] {', 1, "more follows the end of the array at byte 9"),
    ],
)
def test_a_broken_array_keeps_what_is_whole(
    tmp_path: Path, raw: bytes, documents: int, reason: str
) -> None:
    """Every element before the break is a document; then a row names the byte."""
    (tmp_path / "dump.json").write_bytes(raw)
    *whole, broken = read(tmp_path)
    assert len(whole) == documents
    assert broken[1:] == (documents + 1, f"unreadable: {reason}", None)


def test_white_space_is_passed_over(tmp_path: Path) -> None:
    """There may be megabytes of it before, between and behind documents."""
    blank = b" " * 3_000_000
    (tmp_path / "a").write_bytes(
        b" " * 1_500_000 + b'[{"a":1}' + blank + b"," + blank + b"{}]" + blank
    )
    assert [raw for *_, raw in read(tmp_path)] == [b'{"a":1}', b"{}"]


def test_an_element_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    """A document in an array may be no larger than one in a file."""
    (tmp_path / "dump.json").write_bytes(b'[{"a":1},{"b":"' + b"x" * 200 + b'"}]')
    _, refused = read(tmp_path, Limits(document_bytes=100))
    assert refused[2] == "refused: an element of a JSON array larger than 100 bytes"
