"""The keys in a document: the stated facts on each are compared with the key itself."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pipeline.documents.canonical import base32_id, sha256_hex
from pipeline.documents.keyring import fingerprint
from pipeline.documents.shapes import PublicKey
from pipeline.documents.signatures import KEY_BYTES, decode_base64
from pipeline.stage.rows import CarriedKey, DocumentRows, json_text
from pipeline.stage.schema import KeyRow
from pipeline.vocabulary import KeyStatus


def add_keys(out: DocumentRows, keys: list[PublicKey] | None) -> None:
    """Append the keys of a bundle, and note them as those that its signatures may name."""
    for index, key in enumerate(keys or ()):
        add_key(out, f"/public_keys/{index}", key)


def add_key(out: DocumentRows, pointer: str, key: PublicKey) -> None:
    """Append a key, and note it as one that the document's signatures may name."""
    raw = decode_base64(key.public_key_b64, KEY_BYTES)
    spelled = _spelled(raw) if raw else None
    if raw and spelled:
        out.carried.append(CarriedKey(key.key_id, spelled.fingerprint, raw))
    row = KeyRow(
        doc=out.doc,
        pointer=pointer,
        key_id=key.key_id,
        algorithm=key.algorithm,
        format=key.format,
        public_key_b64=key.public_key_b64,
        public_key_hex=key.public_key_hex,
        fingerprint_sha256_hex=key.fingerprint_sha256_hex,
        fingerprint_sha256_b32=key.fingerprint_sha256_b32_first128bits,
        fingerprint_computed=spelled and spelled.fingerprint,
        key_status=_key_status(key, spelled),
        rotates_at=json_text(key.rotates_at),
        url=key.url,
        notes=key.notes,
    )
    out.add(row)


class _Spelled(NamedTuple):
    """A public key as a bundle spells it."""

    hex: str
    fingerprint: str
    base32: str


@lru_cache(maxsize=256)
def _spelled(raw: bytes) -> _Spelled:
    """Return the correct facts on a key; nearly all bundles carry the same key."""
    return _Spelled(raw.hex(), fingerprint(raw), base32_id(sha256_hex(raw)))


def _key_status(key: PublicKey, spelled: _Spelled | None) -> KeyStatus:
    """Return the statuses of a key's fields against each other (docs/format.md, "Identifiers")."""
    if spelled is None:
        return "malformed"
    if key.public_key_hex not in (None, spelled.hex):
        return "encodings_disagree"
    if key.fingerprint_sha256_hex not in (None, spelled.fingerprint):
        return "fingerprint_mismatch"
    if key.fingerprint_sha256_b32_first128bits not in (None, spelled.base32):
        return "fingerprint_mismatch"
    return "verified"
