"""Strict parsing: what is refused and where; the rest equals what Python's parser gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents.ijson import RefusedError, escape_pointer, parse
from pipeline.limits import MAX_DEPTH
from tests.json_values import INTEGERS, TEXTS, VALUES
from tests.paths import SAMPLES
from tests.vectors.suites import JSON_TABLE, json_files, json_rows, pinned

#: The only files that JSONTestSuite accepts and we refuse: keys that occur twice.
DUPLICATE_KEYS = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}

PLACE = re.compile(r"byte \d+|(?:/(?:[^~/]|~[01])*)+", re.DOTALL)


def refusal(raw: bytes) -> RefusedError:
    """Return the error with which a text is refused."""
    with pytest.raises(RefusedError) as caught:
        parse(raw)
    return caught.value


def agrees_or_refuses(raw: bytes) -> bool:
    """Tell whether a text is the value that Python reads, or is refused at a place."""
    try:
        value = parse(raw)
    except RefusedError as error:
        return PLACE.fullmatch(error.place) is not None
    return repr(value) == repr(json.loads(raw))


# -- JSONTestSuite ----------------------------------------------------------------------------


def test_suite_is_whole(vectors: Path) -> None:
    """JSONTestSuite is here with all of its 318 and 22 files."""
    assert len(json_files(vectors, "test_parsing")) == 318
    assert len(json_files(vectors, "test_transform")) == 22


def test_suite_accepts(vectors: Path) -> None:
    """Every file that must be accepted has the value that Python reads, but for duplicate keys."""
    for name, raw in json_files(vectors, "test_parsing").items():
        if name.startswith("y_") and name not in DUPLICATE_KEYS:
            assert repr(parse(raw)) == repr(json.loads(raw)), name


def test_suite_duplicate_keys(vectors: Path) -> None:
    """The files with a duplicate key are refused at that key: our documented exception."""
    files = json_files(vectors, "test_parsing")
    for name in DUPLICATE_KEYS:
        assert str(refusal(files[name])) == "duplicate key at /a"


def test_suite_refuses(vectors: Path) -> None:
    """Every file that must be refused is, with a byte offset or a JSON pointer."""
    for name, raw in json_files(vectors, "test_parsing").items():
        if name.startswith("n_"):
            assert PLACE.fullmatch(refusal(raw).place), name


def test_suite_verdicts(vectors: Path) -> None:
    """The verdict on each file, the "either" and the transformed ones too, is the pinned one."""
    assert json_rows(vectors) == pinned(JSON_TABLE)


def test_suite_transformed(vectors: Path) -> None:
    """A file of test_transform that is accepted is the value that Python reads."""
    files = json_files(vectors, "test_transform")
    accepted = [row[1] for row in pinned(JSON_TABLE) if row[0::2] == ("test_transform", "accepted")]
    for name in accepted:
        assert repr(parse(files[name])) == repr(json.loads(files[name]))
    assert len(accepted) == 10


# -- what is refused --------------------------------------------------------------------------

TOO_MANY_DIGITS = "a number of more digits than a double keeps"
BEYOND_DOUBLE = "a number beyond a double, which would not survive"
_MORE = "not JSON: more follows the first value: write one document a file, or one a line"
BEYOND_64_BITS = "an integer beyond 64 bits, which would not survive"
LONE_SURROGATE = "a lone surrogate, which is no character"
CUT = "not JSON: the document ends too early"

REFUSED = [
    (b"", "the document is empty", "byte 0"),
    (b" \r\n\t", "the document is empty", "byte 0"),
    (b"\xef\xbb\xbf{}", "a byte-order mark stands before the document", "byte 0"),
    (b'{"a":"\xe9a"}', "not UTF-8", "byte 6"),
    (b'["\xed\xa0\x80"]', "not UTF-8", "byte 2"),
    (b'["caf\xc3', "not UTF-8: the document ends within a character", "byte 6"),
    ('"{}"'.encode("utf-16"), "not UTF-8", "byte 0"),
    (b'{"a":1,"a":2}', "duplicate key", "/a"),
    (b'{"a":1,"a":1}', "duplicate key", "/a"),
    (b'{"a":[{"b":0},{"b":1,"c":2,"b":1}]}', "duplicate key", "/a/1/b"),
    (b'{"a":1,"\\u0061":1}', "duplicate key", "/a"),
    (b'{"~/":1,"~/":1}', "duplicate key", "/~0~1"),
    (b'["\\ud800"]', LONE_SURROGATE, "/0"),
    (b'["\\ude00\\ud83d"]', LONE_SURROGATE, "/0"),
    (b'{"x":{"\\udfff":1}}', LONE_SURROGATE, "/x"),
    (b'"\\ud800"', LONE_SURROGATE, "/"),
    (b"NaN", "NaN is not JSON", "/"),
    (b"[Infinity]", "Infinity is not JSON", "/0"),
    (b'{"a":-Infinity}', "-Infinity is not JSON", "/a"),
    (b"[1e400]", BEYOND_DOUBLE, "/0"),
    (b"[-1e400]", BEYOND_DOUBLE, "/0"),
    (b"[1e99999999999999999999]", BEYOND_DOUBLE, "/0"),
    (b"[1e-400]", TOO_MANY_DIGITS, "/0"),
    (b"[1e-99999999999999999999]", TOO_MANY_DIGITS, "/0"),
    (b"[0.1000000000000000055511151231257827]", TOO_MANY_DIGITS, "/0"),
    (b"[9007199254740993.0]", TOO_MANY_DIGITS, "/0"),
    (b"[0." + b"1" * 100_000 + b"]", TOO_MANY_DIGITS, "/0"),
    (b"[18446744073709551616]", BEYOND_64_BITS, "/0"),
    (b"[-9223372036854775809]", BEYOND_64_BITS, "/0"),
    (b"[" + b"9" * 100_000 + b"]", BEYOND_64_BITS, "/0"),
    (b"{} {}", _MORE, "byte 3"),
    (b'{"a":1}\n{"a":2}', _MORE, "byte 8"),
    (b"{}\x00", _MORE, "byte 2"),
    (b"\xc2\xa0{}", "not JSON: Expecting value", "byte 0"),
    ('["é" 1]'.encode(), "not JSON: Expecting ',' delimiter", "byte 6"),
    (b'["x".', "not JSON: Expecting ',' delimiter", "byte 4"),
    (b"[tru", CUT, "byte 4"),
    (b"[1.", CUT, "byte 3"),
    (b"[-1E+", CUT, "byte 5"),
    (b'["\\u00', CUT, "byte 6"),
    (b'["a\\', CUT, "byte 4"),
]


@pytest.mark.parametrize(("raw", "reason", "place"), REFUSED, ids=lambda value: repr(value)[:40])
def test_refused(raw: bytes, reason: str, place: str) -> None:
    """A text that readers disagree on is refused with its reason and its place."""
    error = refusal(raw)
    assert (error.reason, error.place) == (reason, place)
    assert str(error) == f"{reason} at {place}"


@pytest.mark.parametrize("space", [b"", b" "], ids=["compact", "spaced"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deepest(space: bytes, opening: bytes, closing: bytes) -> None:
    """Nesting is accepted up to the limit, and refused one level deeper, at that place."""
    inner = b"1" if opening != b"[" else b""
    deepest = opening * MAX_DEPTH + inner + closing * MAX_DEPTH
    assert MAX_DEPTH == 254
    assert parse(space + deepest) == json.loads(deepest)
    error = refusal(space + opening + deepest + closing)
    assert error.reason == "nested deeper than 254 levels"
    assert error.place in {"/0" * 254, "/a" * 254}


@pytest.mark.parametrize("depth", [900, 1100, 100_000])
def test_far_too_deep(depth: int) -> None:
    """Nesting that would exhaust a parser's stack is refused like any other."""
    text = b'{"[\\"[":1,"a":' + b"[" * depth + b"]" * depth + b"}"
    error = refusal(text)
    assert error.reason == "nested deeper than 254 levels"
    assert error.place in {"/a" + "/0" * 253, "byte 267"}


def test_place_of_the_first_defect() -> None:
    """Of several defects the first in the document is named."""
    text = b'{"a":[1,{"b":1e999}],"c":NaN,"d":"\\ud800"}'
    assert refusal(text).place == "/a/1/b"


@pytest.mark.parametrize("name", ["001_0e1b138ed4ace923.txt", "003_146e1b4f7b19a843.txt"])
def test_truncated(name: str) -> None:
    """A real document cut after any byte is refused, and the place is its end."""
    raw = (SAMPLES / name).read_bytes()
    for size in range(len(raw)):
        assert refusal(raw[:size]).place == f"byte {size}"


@given(st.lists(VALUES, min_size=1, max_size=3), st.booleans(), st.data())
def test_truncated_value(value: list[object], ascii_only: bool, data: st.DataObject) -> None:  # noqa: FBT001 - hypothesis passes it
    """Any array cut anywhere, also within an escape or a character, is refused at its end."""
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    size = data.draw(st.integers(0, len(raw) - 1))
    assert refusal(raw[:size]).place == f"byte {size}"


# -- what is accepted -------------------------------------------------------------------------


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@given(value=VALUES)
def test_survives(
    value: object,
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001 - pytest passes it
    separators: tuple[str, str],
) -> None:
    """Any value comes back the same, of the same types, however it was laid out."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, separators=separators)
    assert repr(parse(text.encode())) == repr(value)


#: Pieces of texts that are almost JSON.
FRAGMENTS = [*'{}[],:"\\-.+0 \n', "1", "12", "e5", "E-400", "u", "\\ud83d", "\\ude00", "\\u0041"]
FRAGMENTS += ["true", "null", "fals", "NaN", "Infinity", "é", "😀", "\ufeff", "\x00", "\x7f", '"a"']
FRAGMENTS += ['"a":', "[]", "{}", '{"a":1', "18446744073709551616", "0.1000000000000000055511"]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join).map(str.encode))
def test_accepted_is_unambiguous(raw: bytes) -> None:
    """Whatever is accepted, Python reads as the same value; the rest is refused at a place."""
    assert agrees_or_refuses(raw)


@given(st.binary(max_size=40))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes are parsed or refused; no other error is raised."""
    assert agrees_or_refuses(raw)


@given(INTEGERS)
def test_types_stay_apart(number: int) -> None:
    """An integer, the float beside it and `true` are three different values."""
    assert type(parse(b"[%d]" % number)[0]) is int
    assert repr(parse(b"[1,1.0,true,1e0,-0.0]")) == "[1, 1.0, True, 1.0, -0.0]"


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name[:3])
def test_samples(path: Path) -> None:
    """Each real document parses to what Python reads."""
    raw = path.read_bytes()
    assert repr(parse(raw)) == repr(json.loads(raw))


@given(TEXTS, TEXTS)
def test_pointer_tokens(left: str, right: str) -> None:
    """Two different keys never share an escaped token, and a token holds no slash."""
    assert (escape_pointer(left) == escape_pointer(right)) == (left == right)
    assert "/" not in escape_pointer(left)
    assert escape_pointer(left).replace("~1", "/").replace("~0", "~") == left
