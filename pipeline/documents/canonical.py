"""Canonical JSON and the digests over it (docs/format.md, "Canonical JSON and digests")."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import orjson


def has_float(value: object) -> bool:
    """Tell whether a JSON value holds a floating-point number at any depth."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, float):
            return True
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def canonical(value: object, *, floats: bool = True) -> bytes:
    """Return the canonical bytes: keys sorted by code point, no white space, UTF-8.

    The bytes equal `json.dumps(value, sort_keys=True, separators=(",", ":"),
    ensure_ascii=False).encode()`, the registry's published rule.

    Args:
        value: a JSON value without lone surrogates (`ijson.parse` refuses them).
        floats: whether the value may hold a float. orjson and Python write small and large floats
            differently, so only a value without floats may go through orjson.
    """
    if floats and has_float(value):
        return _published_rule(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # orjson refuses integers beyond 64 bits and deep nesting; a merge puts a payload one level
        # deeper than the bundle does
        return _published_rule(value)


def _published_rule(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: object, *, floats: bool = True) -> str:
    """Return the SHA-256 of a value's canonical bytes in hex; `floats` as in `canonical`."""
    return sha256_hex(canonical(value, floats=floats))


def text_digest(text: str) -> str:
    """Return the digest of a title or an abstract: SHA-256 of its lower-cased UTF-8."""
    return sha256_hex(text.lower().encode())


def snapshot_digest(items: list[Any]) -> str:
    """Return the digest of a snapshot's items: SHA-256 of canonical `{"payload": items}`."""
    return digest({"payload": items})


_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: Two characters of base32 for each 10 bits: `base64.b32encode` takes three times as long.
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]


def base32_id(digest_hex: str) -> str:
    """Return the 26 characters that a Pith number takes from a digest in hex."""
    bits = int(digest_hex[:33], 16) >> 2  # 130 of 132 bits
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return a copy of an object without some of its keys."""
    copy = value.copy()
    for key in keys:
        copy.pop(key, None)
    return copy
