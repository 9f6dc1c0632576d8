"""The pure core of verification: claims in, verdicts out, no I/O.

The rules of trust (docs/format.md, "Signatures"):

1. A signature is verified over the 32 bytes of the digest *recomputed* from the content. A
   signature that holds only over another, stated digest is `digest_mismatch`.
2. A verdict names the exact 32-byte key under which it holds. A `key_id` or a fingerprint
   only proposes candidates: pinned keys first, then keys that came with the document.
3. A join with the keyring decides whether that key is *trusted*
   (`sql/intermediate/signature_statuses.sql`), so a changed keyring needs no new verification.
4. Each distinct (key, digest, signature) is verified once, singly, by libsodium. Batch
   equations are never used: on crafted input they accept what single verification refuses.
5. Nobody knows how the digest that an integrity event states follows from its payload. Its
   signature is verified over the stated digest: `digest_unproven` says that it holds, and that
   the content stays unproven.
6. *Bad* and *could not be checked* are different words. Nothing here raises on hostile text.

A verdict is one of `VERDICTS`; the published status follows from it and the keyring.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from nacl import bindings, exceptions

from pipeline.vocabulary import SignatureVerdict

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
ALGORITHM: Final = "ed25519"
SIGNED: Final = "signed_v1"

#: A digest as documents write it. A digest in upper case is another text and never signed.
_HEX_DIGEST: Final = re.compile("[0-9a-f]{64}")

#: What trying it tells, and the key (32 bytes) under which the signature holds, if under any.
TriedSignature = tuple[SignatureVerdict, bytes | None]


class Claim(NamedTuple):
    """A signature as a document states it.

    Attributes:
        expected_message: the only accepted value of `signed_message`; None for the signatures
            that state neither that nor an algorithm nor a status.
        digest_computed: the digest recomputed from the content, in hex; None where the rule is
            unknown.
        candidates: the available keys, the pinned ones first.
    """

    algorithm: str | None
    signature_status: str | None
    signed_message: str | None
    expected_message: str | None
    signature_b64: str | None
    digest_computed: str | None
    digest_stated: str | None
    candidates: Sequence[bytes]


def decode_base64(text: str | None, size: int) -> bytes | None:
    """Return the bytes of standard base64 (RFC 4648, section 4) in its only spelling, or None.

    White space, the URL alphabet, missing padding and stray bits are all refused, as is any
    length but `size` bytes.
    """
    if text is None or not text.isascii():
        return None
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return None
    return data if len(data) == size and encode_base64(data) == text else None


def encode_base64(data: bytes) -> str:
    """Return bytes in standard base64."""
    return binascii.b2a_base64(data, newline=False).decode()


def holds(key: bytes, digest: bytes, signature: bytes) -> bool:
    """Tell whether libsodium accepts an Ed25519 signature (RFC 8032) over a message.

    Lengths are checked first, because the binding checks neither the key's length nor where
    the signature ends.
    """
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + digest, key)
    except exceptions.BadSignatureError:
        return False
    return True


def verdicts(claims: Iterable[Claim]) -> list[TriedSignature]:
    """Return one verdict a claim, in their order; equal signatures are verified once."""
    tried: _Tried = {}
    return [_verdict(tried, claim) for claim in claims]


#: (key, digest, signature) to whether it holds, for all signatures of a batch.
_Tried = dict[tuple[bytes, bytes, bytes], bool]


def _verdict(tried: _Tried, claim: Claim) -> TriedSignature:
    algorithm, status, message, expected, text, computed, stated, candidates = claim
    if not text:
        return "missing", None
    labelled = algorithm == ALGORITHM and status == SIGNED and message == expected
    # an integrity event has no labels, and only the digest that it states
    unproven = expected is None and computed is None
    if not (stated if unproven else labelled):
        return "unsupported", None
    signature = decode_base64(text, SIGNATURE_BYTES)
    if signature is None:
        return "malformed", None
    if not candidates:
        return "unknown_key", None
    key = _first_holding(tried, candidates, computed, signature)
    if key is not None:
        return "holds", key
    if stated != computed and (computed is not None or unproven):
        key = _first_holding(tried, candidates, stated, signature)
    stands: SignatureVerdict = "digest_unproven" if unproven else "digest_mismatch"
    return ("invalid" if key is None else stands), key


def _first_holding(
    tried: _Tried, candidates: Sequence[bytes], digest: str | None, signature: bytes
) -> bytes | None:
    """Return the first of the keys under which a signature holds over a digest in hex."""
    if digest is None or not _HEX_DIGEST.fullmatch(digest):
        return None
    message = bytes.fromhex(digest)
    for key in candidates:
        triple = key, message, signature
        if triple not in tried:
            tried[triple] = holds(*triple)
        if tried[triple]:
            return key
    return None
