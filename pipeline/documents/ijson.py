"""Strict JSON: one parse that either means the same to every reader, or is refused.

Parsers disagree on duplicate keys, lone surrogates, NaN, large numbers, a byte-order mark
and deep nesting (docs/format.md, "Where parsers disagree"). A document with any of these
is refused with the place, because its digest and its rows could differ between tools.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import orjson

from pipeline.limits import MAX_DEPTH, MAX_INTEGER, MIN_INTEGER

#: The insignificant white space of RFC 8259.
WHITESPACE = b" \t\n\r"
_BOM = b"\xef\xbb\xbf"

#: What to do with several documents in one.
ONE_EACH = "write one document a file, or one a line"


class RefusedError(Exception):
    """A document is refused: why, and where in it.

    Attributes:
        reason: one sentence without the place.
        place: `byte N` (0-based offset in the document) or a JSON pointer (RFC 6901).
        pith_number: the stated Pith number, if it could be read.
    """

    pith_number: str | None = None

    def __init__(self, reason: str, place: str) -> None:
        """Keep the reason and the place; the message joins both."""
        super().__init__(f"{reason} at {place}")
        self.reason = reason
        self.place = place


def parse(raw: bytes) -> Any:  # noqa: ANN401 - a JSON value is any of six types
    """Return the value of a JSON text, if every conforming reader gets the same value.

    Most documents are compact, as orjson writes them. If the re-serialised parse equals the raw
    text, readers cannot disagree about it. Other documents are parsed again, slowly and exactly.

    Args:
        raw: the document's bytes; white space around the value is allowed.

    Raises:
        RefusedError: not UTF-8, not JSON (RFC 8259), a byte-order mark, a duplicate key, a
            lone surrogate, NaN or an infinity, a number that would not survive, nesting
            over `MAX_DEPTH`, or nothing at all.
    """
    body = raw.strip(WHITESPACE)
    try:
        value = orjson.loads(body)
        if orjson.dumps(value) == body:
            return value
    except (ValueError, TypeError):  # TypeError: too deep for orjson to serialise
        return _parse_exactly(raw)
    return _parse_exactly(raw)


def escape_pointer(token: str) -> str:
    """Return one reference token of a JSON pointer, escaped (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, slots=True)
class _Defect:
    """Marks a refused value in the parsed tree, so that its pointer can be found."""

    reason: str


def _parse_exactly(raw: bytes) -> Any:  # noqa: ANN401 - a JSON value is any of six types
    text = _decode(raw)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    except RecursionError:
        _refuse_depth(raw)
    _check(value)
    return value


def _decode(raw: bytes) -> str:
    if not raw.strip(WHITESPACE):
        reason = "the document is empty"
        raise RefusedError(reason, "byte 0")
    if raw.startswith(_BOM):
        reason = "a byte-order mark stands before the document"
        raise RefusedError(reason, "byte 0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            reason = "not UTF-8: the document ends within a character"
            raise RefusedError(reason, f"byte {len(raw)}") from None
        reason = "not UTF-8"
        raise RefusedError(reason, f"byte {error.start}") from None


def _not_json(text: str, error: json.JSONDecodeError) -> RefusedError:
    """Name a syntax error, telling a text cut short from one that is wrong."""
    # Python reports an unterminated string at its opening quote; it runs to the end, though.
    unterminated = error.msg.startswith("Unterminated string")
    if unterminated or _CUT_TOKEN.fullmatch(text, error.pos):
        return RefusedError("not JSON: the document ends too early", f"byte {len(text.encode())}")
    # a plain message for a file of several documents, in place of the parser's term
    several = error.msg == "Extra data"
    what = f"more follows the first value: {ONE_EACH}" if several else error.msg
    return RefusedError(f"not JSON: {what}", f"byte {len(text[: error.pos].encode())}")


#: The end of a text that was cut: white space, or the start of a literal, a number or an escape.
#: Python reports the place where the token (or its fraction) begins.
_CUT_TOKEN = re.compile(
    r"[ \t\n\r]*|-|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?"
    r"|(?<=[0-9])(?:\.|[eE][+-]?)|(?<=\\)u[0-9a-fA-F]{0,4}"
)


def _refuse_depth(raw: bytes) -> NoReturn:
    depth, in_string, escaped = 0, False, False
    for offset, byte in enumerate(raw):
        if in_string:
            in_string = escaped or byte != ord('"')
            escaped = byte == ord("\\") and not escaped
        elif byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise RefusedError(_TOO_DEEP, f"byte {offset}")
        elif byte in b"]}":
            depth -= 1
        else:
            in_string = byte == ord('"')
    raise RefusedError(_TOO_DEEP, "byte 0")


_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                result[key] = _Defect("duplicate key")
            seen.add(key)
    return result


def _integer(text: str) -> int | _Defect:
    # 20 digits bound the range; int() of a hostile million of digits would take a second
    if len(text) <= len(str(MIN_INTEGER)) and MIN_INTEGER <= int(text) <= MAX_INTEGER:
        return int(text)
    return _Defect("an integer beyond 64 bits, which would not survive")


def _float(text: str) -> float | _Defect:
    value = float(text)
    if math.isinf(value):
        return _Defect("a number beyond a double, which would not survive")
    if len(text) > _FLOAT_DIGITS or not _survives(text, value):
        return _Defect("a number of more digits than a double keeps")
    return value


def _survives(text: str, value: float) -> bool:
    try:
        return Decimal(text) == Decimal(repr(value))
    except InvalidOperation:  # an exponent of 19 digits, beyond what even Decimal holds
        return False


#: Longer than any decimal that a double reproduces. It bounds the work of the comparison.
_FLOAT_DIGITS = 400


def _constant(name: str) -> _Defect:
    return _Defect(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _check(root: object) -> None:
    """Refuse the first defect in document order, by its JSON pointer."""
    for path, value in walk(root):
        if isinstance(value, _Defect):
            raise RefusedError(value.reason, pointer_text(path))
        if isinstance(value, str):
            _check_text(value, path)
        elif isinstance(value, dict | list):
            if len(path) > MAX_DEPTH:
                raise RefusedError(_TOO_DEEP, pointer_text(path))
            if isinstance(value, dict):
                for key in value:
                    _check_text(key, path)


def walk(root: object) -> Iterator[tuple[list[str | int], object]]:
    """Yield each value of a parsed tree in document order, with its path, which goes on changing.

    The walk holds one iterator a level. The caller builds a pointer only when needed: building all
    would cost the length of a key times the length of the list below it.
    """
    path: list[str | int] = [""]
    levels: list[Iterator[tuple[str | int, object]]] = [iter([("", root)])]
    while levels:
        token, value = next(levels[-1], (None, None))
        if token is None:
            levels.pop()
            path.pop()
            continue
        path[-1] = token
        yield path, value
        if isinstance(value, dict | list):
            levels.append(iter(value.items() if isinstance(value, dict) else enumerate(value)))
            path.append("")


def _check_text(text: str, path: list[str | int]) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            reason = "a lone surrogate, which is no character"
            raise RefusedError(reason, pointer_text(path)) from None


def pointer_text(path: list[str | int]) -> str:
    """Return a pointer that can be shown: the root is `/` rather than nothing at all."""
    pointer = "/".join(escape_pointer(str(token)) for token in path)
    return pointer.encode("utf-8", "backslashreplace").decode("utf-8") or "/"
