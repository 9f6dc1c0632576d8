"""The tables after any sequence of keyrings, compared with those of clean builds."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.documents.keyring import Keyring, PinnedKey
from tests.building import build_warehouse
from tests.cases.forge import Key, bundle_of, canonical_record, created, snapshot
from tests.cases.make_cases import REGISTRY_KEY, sample

_OWN = Key("pith-etl test key", "pith-etl-test")
_NAMES = ("pith-etl-test", "pith-v1-2026-05", "other")
_PERIODS = ((None, None), ("2030-01-01T00:00:00Z", None), (None, "2026-06-01T00:00:00Z"))


def _pins() -> st.SearchStrategy[PinnedKey]:
    """Return keys that made signatures here and one that made none, under any of the names."""
    keys = [
        msgspec.convert(key, PinnedKey)
        for key in (_OWN.pinned(), REGISTRY_KEY, Key("of nobody", "other").pinned())
    ]
    return st.builds(
        lambda key, name, period: msgspec.structs.replace(
            key, key_id=name, valid_from=period[0], valid_until=period[1]
        ),
        st.sampled_from(keys),
        st.sampled_from(_NAMES),
        st.sampled_from(_PERIODS),
    )


_KEYRINGS = st.lists(
    _pins(), max_size=3, unique_by=lambda pin: (pin.key_id, pin.public_key_b64)
).map(lambda pins: Keyring(tuple(pins)))


@cache
def _documents() -> dict[str, bytes]:
    """Return documents that carry their key, or only give its name or its fingerprint."""
    record = canonical_record()
    bundle = bundle_of(_OWN, [created(_OWN, record), snapshot(_OWN, record)])
    real = next(made for made in map(sample, range(1, 6)) if "receipt" in made)
    seal = real["receipt"]
    named = {name: value for name, value in seal.items() if "fingerprint" not in name}
    wrong = named | {"signature_b64": bundle["bundle_signature"]["signature_b64"]}
    made = {
        "bundle": bundle,
        "bare": bundle | {"public_keys": []},
        "named": real | {"receipt": named},
        "marked": real | {"receipt": seal | {"key_id": "nobody's"}},
        "wrong": real | {"receipt": wrong},
    }
    return {f"{name}.json": json.dumps(document).encode() for name, document in made.items()}


def _tables(warehouse: Path) -> dict[str, bytes]:
    current = warehouse / "current"
    return {
        str(file.relative_to(current)): file.read_bytes()
        for file in sorted(current.rglob("*.parquet"))
        if file.relative_to(current).parts[0] != "runs"
    }


_REGISTRY = msgspec.convert(REGISTRY_KEY, PinnedKey)
_RENAMED = msgspec.structs.replace(_REGISTRY, key_id="other")


# each example builds three times or more
@settings(max_examples=2)
@example([Keyring((_REGISTRY,)), Keyring((_RENAMED,))])
@example([Keyring((_RENAMED,)), Keyring((_REGISTRY,))])
@given(st.lists(_KEYRINGS, min_size=2, max_size=3))
def test_any_keyrings_leave_what_a_clean_build_makes(keyrings: list[Keyring]) -> None:
    """After any sequence of keyrings the tables are those of a clean build with the last."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.mkdir()
        for name, raw in _documents().items():
            (source / name).write_bytes(raw)
        for keyring in keyrings:
            build_warehouse(Path(folder, "kept"), source, keyring=keyring)
        build_warehouse(Path(folder, "clean"), source, keyring=keyrings[-1])
        kept, clean = (_tables(Path(folder, name)) for name in ("kept", "clean"))
        assert kept.keys() == clean.keys()
        assert [name for name in clean if kept[name] != clean[name]] == []
