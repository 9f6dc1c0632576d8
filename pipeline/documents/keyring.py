"""The keyring: the keys that the operator pinned. It holds no key from the data."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa

from pipeline.documents.canonical import sha256_hex
from pipeline.documents.ijson import RefusedError, parse
from pipeline.documents.signatures import ALGORITHM, KEY_BYTES, decode_base64
from pipeline.documents.timestamps import microseconds
from pipeline.errors import KeyringError


class PinnedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trusted public key. `valid_from` and `valid_until` bound `signed_at`, inclusive."""

    key_id: str
    algorithm: str
    public_key_b64: str
    fingerprint_sha256_hex: str
    valid_from: str | None = None
    valid_until: str | None = None
    note: str = ""

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes."""
        return decode_base64(self.public_key_b64, KEY_BYTES) or b""

    @property
    def label(self) -> str:
        """The name and the key; together they say on which signatures the key was tried."""
        return f"{self.key_id} {self.public_key_b64}"


class Keyring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pinned keys, in the order of their file."""

    keys: tuple[PinnedKey, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the keyring's contents; the layout of its file does not matter."""
        return sha256_hex(msgspec.json.encode(self))

    def candidates(self, key_id: str | None, fingerprint: str | None) -> list[bytes]:
        """Return the keys that a signature may mean, by its `key_id` or fingerprint."""
        return [
            key.public_key
            for key in self.keys
            if key.key_id == key_id or key.fingerprint_sha256_hex == fingerprint
        ]

    def table(self) -> pa.Table:
        """Return the pinned keys as a table, times in microseconds UTC."""
        rows = [
            {
                "position": position,
                **msgspec.structs.asdict(key),
                "valid_from": key.valid_from and microseconds(key.valid_from),
                "valid_until": key.valid_until and microseconds(key.valid_until),
            }
            for position, key in enumerate(self.keys)
        ]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)


_SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("key_id", pa.string()),
        ("algorithm", pa.string()),
        ("public_key_b64", pa.string()),
        ("fingerprint_sha256_hex", pa.string()),
        ("valid_from", pa.timestamp("us")),
        ("valid_until", pa.timestamp("us")),
        ("note", pa.string()),
    ]
)


def fingerprint(public_key: bytes) -> str:
    """Return a key's fingerprint: 32 hex digits of its SHA-256 (docs/format.md)."""
    return sha256_hex(public_key)[:32]


def load(path: Path) -> Keyring:
    """Read and check a keyring file.

    Raises:
        KeyringError: the file cannot be read, is not a keyring, or a field of a key is wrong. A
            typing error must not decide about trust unnoticed.
    """
    try:
        keyring = msgspec.convert(parse(path.read_bytes()), Keyring)
    except OSError as error:
        message = f"cannot read the keyring {path}: {error.strerror}; name another by --keyring"
        raise KeyringError(message) from None
    except (RefusedError, msgspec.ValidationError) as error:
        message = f"{path} is no keyring: {error}; see docs/format.md for its fields"
        raise KeyringError(message) from None
    for position, key in enumerate(keyring.keys):
        fault = _fault(key) or _repeats(key, keyring.keys[:position])
        if fault:
            message = f"{path}: /keys/{position} ({key.key_id}): {fault}"
            raise KeyringError(message)
    return keyring


def _fault(key: PinnedKey) -> str | None:
    if key.algorithm != ALGORITHM:
        return f"the algorithm {key.algorithm!r} is not {ALGORITHM!r}"
    if not key.public_key:
        return "public_key_b64 is not the base64 of 32 bytes"
    if fingerprint(key.public_key) != key.fingerprint_sha256_hex:
        return f"the fingerprint of this key is {fingerprint(key.public_key)}"
    for name in ("valid_from", "valid_until"):
        text = getattr(key, name)
        if text is not None and microseconds(text) is None:
            return f"{name} is no time such as 2026-05-18T00:00:00Z"
    return None


def _repeats(key: PinnedKey, earlier: tuple[PinnedKey, ...]) -> str | None:
    # the table `keys` could not show two periods
    if (key.key_id, key.public_key) in {(other.key_id, other.public_key) for other in earlier}:
        return "this key stands above under the same key_id; pin it once, with one period"
    return None
