"""JSON values for hypothesis, and the registry's published rule to compare our bytes with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from pipeline.documents.ijson import escape_pointer

#: Every character but lone surrogates: controls, DEL, U+2028 and astral ones among them.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [-0.0, 0.0, 1e-05, 1e-07, 1e15, 1e16, 1e17, 1e22, 5e-324, 1.7976931348623157e308]
)
_LEAVES = st.none() | st.booleans() | INTEGERS | TEXTS


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=12,
    )


#: JSON values of every type, and those among them without a float.
VALUES = _nested(_LEAVES | FLOATS)
VALUES_WITHOUT_FLOATS = _nested(_LEAVES)


def published(value: object) -> bytes:
    """Return the canonical bytes as the registry's public instructions compute them."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def published_digest(value: object) -> str:
    """Return the SHA-256 in hex over the published canonical bytes."""
    return hashlib.sha256(published(value)).hexdigest()


def places(
    value: dict[str, Any] | list[Any], pointer: str = ""
) -> Iterator[tuple[str, Any, str | int]]:
    """Yield (JSON pointer, container, key or index) of everything below a value."""
    keys: list[str] | range = list(value) if isinstance(value, dict) else range(len(value))
    container: Any = value
    for key in keys:
        place = f"{pointer}/{escape_pointer(str(key))}"
        yield place, container, key
        if isinstance(container[key], dict | list):
            yield from places(container[key], place)
