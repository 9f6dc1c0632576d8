"""The keyring: which keys are pinned, and that a typing error never makes a key trusted."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.documents.keyring import Keyring, fingerprint, load
from pipeline.errors import KeyringError
from pipeline.resources import default_keyring
from tests.paths import REPO

REGISTRY_KEY = "stVStoiQhXFxp4s2pdzPNoqVNBMojDU/fJ2db5S3CbM="
REGISTRY_FINGERPRINT = "8d4b5ee74e4693bcd1df2446408b0d54"
OTHER = b"\x01" * 32


def entry(raw: bytes = OTHER, /, **changes: object) -> dict[str, object]:
    """Return a key as a keyring's file has it, but for the changes."""
    return {
        "key_id": "a-key",
        "algorithm": "ed25519",
        "public_key_b64": base64.b64encode(raw).decode(),
        "fingerprint_sha256_hex": hashlib.sha256(raw).hexdigest()[:32],
        "valid_from": None,
        "valid_until": None,
        "note": "",
        **changes,
    }


def written(directory: Path, *keys: dict[str, Any]) -> Path:
    """Write a keyring's file and return its path."""
    path = directory / "keyring.json"
    path.write_text(json.dumps({"keys": keys}))
    return path


def error_of(path: Path) -> str:
    """Return the message with which a keyring is refused."""
    with pytest.raises(KeyringError) as caught:
        load(path)
    assert caught.value.exit_code == 1
    return str(caught.value)


def test_default() -> None:
    """The default keyring pins the registry's published key and nothing else."""
    (key,) = load(default_keyring()).keys
    assert default_keyring() == REPO / "data" / "keyring.json"
    assert key.key_id == "pith-v1-2026-05"
    assert key.public_key == base64.b64decode(REGISTRY_KEY)
    assert fingerprint(key.public_key) == key.fingerprint_sha256_hex == REGISTRY_FINGERPRINT


def test_optional_fields(tmp_path: Path) -> None:
    """A key needs neither a period nor a note; without a period it is valid at all times."""
    names = ("key_id", "algorithm", "public_key_b64", "fingerprint_sha256_hex")
    (key,) = load(written(tmp_path, {name: entry()[name] for name in names})).keys
    assert (key.valid_from, key.valid_until, key.note) == (None, None, "")


def test_no_keys(tmp_path: Path) -> None:
    """A keyring may be empty: then nothing is trusted."""
    assert load(written(tmp_path)).keys == ()


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "wrong fingerprint": (
        {"fingerprint_sha256_hex": "0" * 32},
        f"the fingerprint of this key is {hashlib.sha256(OTHER).hexdigest()[:32]}",
    ),
    "fingerprint in upper case": (
        {"fingerprint_sha256_hex": hashlib.sha256(OTHER).hexdigest()[:32].upper()},
        f"the fingerprint of this key is {hashlib.sha256(OTHER).hexdigest()[:32]}",
    ),
    "wrong algorithm": ({"algorithm": "rsa"}, "the algorithm 'rsa' is not 'ed25519'"),
    "key too short": (
        {"public_key_b64": base64.b64encode(OTHER[:31]).decode()},
        "public_key_b64 is not the base64 of 32 bytes",
    ),
    "key in hex": ({"public_key_b64": OTHER.hex()}, "public_key_b64 is not the base64 of 32 bytes"),
    "key with a space": (
        {"public_key_b64": base64.b64encode(OTHER).decode() + " "},
        "public_key_b64 is not the base64 of 32 bytes",
    ),
    "bad start": ({"valid_from": "2026"}, "valid_from is no time such as 2026-05-18T00:00:00Z"),
    "bad end": (
        {"valid_until": "2026-05-18"},
        "valid_until is no time such as 2026-05-18T00:00:00Z",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_key(name: str, tmp_path: Path) -> None:
    """A key whose fields disagree is refused with file, pointer, name and reason."""
    changes, reason = FAULTS[name]
    path = written(tmp_path, entry(b"\x02" * 32), entry(**changes))
    assert error_of(path) == f"{path}: /keys/1 (a-key): {reason}"


def test_a_key_is_pinned_once(tmp_path: Path) -> None:
    """A key twice under one name is refused: its period is ambiguous. Two names are allowed."""
    load(written(tmp_path, entry(), entry(key_id="b"), entry(b"\x02" * 32)))
    path = written(tmp_path, entry(), entry(valid_until="2026-05-18T00:00:00Z"))
    reason = "this key stands above under the same key_id; pin it once, with one period"
    assert error_of(path) == f"{path}: /keys/1 (a-key): {reason}"


SHAPES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the document is empty at byte 0"),
    "cut short": (b'{"keys": [', "not JSON: the document ends too early at byte 10"),
    "not JSON": (b'{"keys": x}', "not JSON: Expecting value at byte 9"),
    "byte-order mark": (b'\xef\xbb\xbf{"keys": []}', "byte-order mark"),
    "not UTF-8": (b'{"keys": ["\xff"]}', "not UTF-8 at byte 11"),
    "duplicate field": (b'{"keys": [], "keys": []}', "duplicate key at /keys"),
    "a list": (b"[]", "Expected `object`, got `array`"),
    "no keys": (b"{}", "Object missing required field `keys`"),
    "unknown field": (b'{"keys": [], "key": []}', "Object contains unknown field `key`"),
    "no key_id": (b'{"keys": [{}]}', "missing required field `key_id` - at `$.keys[0]`"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_keyring(name: str, tmp_path: Path) -> None:
    """A file that is no keyring is refused with its name and the reason."""
    raw, reason = SHAPES[name]
    path = tmp_path / "keyring.json"
    path.write_bytes(raw)
    message = error_of(path)
    assert message.startswith(f"{path} is no keyring: ")
    assert reason in message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_form": None}, "unknown field `valid_form` - at `$.keys[0]`"),
        ({"note": 1}, "Expected `str`, got `int` - at `$.keys[0].note`"),
        ({"valid_until": 0}, "Expected `str | null`, got `int` - at `$.keys[0].valid_until`"),
    ],
)
def test_misspelt_field(changes: dict[str, object], reason: str, tmp_path: Path) -> None:
    """A misspelt field, which would silently lose a key's period, is refused at its place."""
    path = written(tmp_path, entry(**changes))
    assert error_of(path).startswith(f"{path} is no keyring: ")
    assert reason in error_of(path)


def test_missing_file(tmp_path: Path) -> None:
    """A keyring that is not there is named, with what to do."""
    path = tmp_path / "nowhere.json"
    message = error_of(path)
    assert message.startswith(f"cannot read the keyring {path}: ")
    assert "--keyring" in message
    assert str(tmp_path) in error_of(tmp_path)  # a directory is no keyring, either


def test_candidates(tmp_path: Path) -> None:
    """The candidates have the name or the fingerprint, in the order of the file."""
    first, second = b"\x01" * 32, b"\x02" * 32
    keyring = load(written(tmp_path, entry(first), entry(second), entry(b"\x03" * 32, key_id="b")))
    assert keyring.candidates("a-key", None) == [first, second]
    assert keyring.candidates(None, fingerprint(second)) == [second]
    assert keyring.candidates("b", fingerprint(first)) == [first, b"\x03" * 32]
    assert keyring.candidates(None, None) == []
    assert keyring.candidates("A-KEY", "") == []


def test_digest(tmp_path: Path) -> None:
    """The keyring's digest depends on its keys and not on the layout of its file."""
    path = written(tmp_path, entry())
    digest = load(path).digest
    path.write_text(json.dumps({"keys": [dict(reversed(entry().items()))]}, indent=4))
    assert load(path).digest == digest
    for changes in ({"key_id": "b"}, {"valid_until": "2026-05-18T00:00:00Z"}, {"note": "x"}):
        assert load(written(tmp_path, entry(**changes))).digest != digest


def test_table(tmp_path: Path) -> None:
    """The keyring as a table has a row a key, in order, with its period in UTC."""
    period = {"valid_from": "1970-01-01T01:00:00.000001+01:00", "valid_until": None}
    table = load(written(tmp_path, entry(**period), entry(b"\x02" * 32))).table()
    assert table["position"].to_pylist() == [0, 1]
    assert table["valid_from"].cast("int64").to_pylist() == [1, None]
    assert table["valid_until"].null_count == 2
    assert Keyring(()).table().schema == table.schema
