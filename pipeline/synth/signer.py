"""The test key that signs a synthetic dump. Everybody can read its private seed here.

Never pin it in a keyring for real documents.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from nacl import bindings

from pipeline.documents.canonical import base32_id, sha256_hex
from pipeline.documents.keyring import fingerprint

KEY_ID: Final = "pith-synth-test"
#: Public on purpose.
SEED: Final = b"pith-etl synthetic dumps, no. 1."
#: The seed of a key that nobody pinned, with which forgers sign.
FORGER_SEED: Final = b"pith-etl synthetic forger, no. 1"
#: The period of the key. All `signed_at` of a dump are in it, but for tampered ones.
VALID_FROM: Final = "2026-05-01T00:00:00Z"
VALID_UNTIL: Final = "2027-05-01T00:00:00Z"


class Signer:
    """An Ed25519 key (RFC 8032) under the name `KEY_ID`, with its fields in documents."""

    def __init__(self, seed: bytes = SEED) -> None:
        """Derive the key pair from 32 bytes."""
        self.public_key, self._secret_key = bindings.crypto_sign_seed_keypair(seed)
        self.public_key_b64 = base64.b64encode(self.public_key).decode()
        self.fingerprint = fingerprint(self.public_key)

    def sign(self, digest_hex: str) -> str:
        """Return the base64 of the signature over the 32 bytes of a digest."""
        signed = bindings.crypto_sign(bytes.fromhex(digest_hex), self._secret_key)
        return base64.b64encode(signed[:64]).decode()

    def sign_with_nonce(self, digest_hex: str, nonce_seed: bytes) -> str:
        """Sign with a nonce that does not depend on the message, which RFC 8032, 5.1.6, forbids.

        Two such signatures with one `nonce_seed` reveal the private key.
        """
        digest = bytes.fromhex(digest_hex)
        scalar = bytearray(hashlib.sha512(self._secret_key[:32]).digest()[:32])
        scalar[0] &= 248
        scalar[31] = scalar[31] & 127 | 64
        reduce = bindings.crypto_core_ed25519_scalar_reduce
        nonce = reduce(hashlib.sha512(nonce_seed).digest())
        point = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
        challenge = reduce(hashlib.sha512(point + self.public_key + digest).digest())
        product = bindings.crypto_core_ed25519_scalar_mul(challenge, reduce(_wide(scalar)))
        answer = bindings.crypto_core_ed25519_scalar_add(nonce, product)
        return base64.b64encode(point + answer).decode()

    def public_keys_entry(self) -> dict[str, Any]:
        """Return the key as a bundle carries it."""
        return {
            "key_id": KEY_ID,
            "algorithm": "ed25519",
            "format": "raw",
            "public_key_b64": self.public_key_b64,
            "public_key_hex": self.public_key.hex(),
            "fingerprint_sha256_b32_first128bits": base32_id(sha256_hex(self.public_key)),
            "fingerprint_sha256_hex": self.fingerprint,
            "rotates_at": VALID_UNTIL,
            "url": "https://pith.science/pith-signing-key.json",
            "notes": "A test key of pith-etl: its private seed is public, it proves nothing. "
            "Verify with: ed25519_verify(public_key, message=canonical_sha256_bytes, "
            "signature=base64decode(signature_b64)).",
        }

    def keyring(self) -> dict[str, Any]:
        """Return the keyring that pins this key."""
        key = {
            "key_id": KEY_ID,
            "algorithm": "ed25519",
            "public_key_b64": self.public_key_b64,
            "fingerprint_sha256_hex": self.fingerprint,
            "valid_from": VALID_FROM,
            "valid_until": VALID_UNTIL,
            "note": "The test key of synthetic dumps. Its private seed is public: trust nothing "
            "else that it signs.",
        }
        return {"keys": [key]}


def _wide(scalar: bytearray) -> bytes:
    """Return 32 little-endian bytes, padded to the 64 that libsodium reduces."""
    return bytes(scalar) + bytes(32)
