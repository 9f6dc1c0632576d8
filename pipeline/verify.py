"""The pure core of verification: columns in, verdicts out, no I/O.

The rules of trust (docs/format.md, "Signatures"):

1. What is verified is the 32 bytes of the digest *recomputed* from the content. A signature
   that holds over another digest, which the document merely states, is `digest_mismatch`.
2. A verdict names the exact 32-byte key under which it holds. A `key_id` or a fingerprint
   only proposes candidates: pinned keys first, then keys that came with the document.
3. Whether that key is *trusted* is not decided here but by a join with the keyring
   (`sql/models/signatures.sql`), so that another keyring re-verifies nothing.
4. Each distinct (key, digest, signature) is verified once, singly, by libsodium. Batch
   equations are never used: on crafted input they accept what single verification refuses.
5. *Bad* and *could not be checked* are different words. Nothing here raises on hostile text.

A verdict is one of `VERDICTS`; the published status follows from it and the keyring.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import polars as pl
from nacl import bindings, exceptions
from polars.datatypes import DataType, DataTypeClass

PolarsDataType = DataType | DataTypeClass

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
ALGORITHM: Final = "ed25519"
SIGNED: Final = "signed_v1"

#: What `verdicts` can say; `holds` becomes `valid` or `untrusted_key` by the keyring.
VERDICTS: Final = (
    "holds",
    "digest_mismatch",
    "invalid",
    "unknown_key",
    "malformed",
    "unsupported",
    "missing",
)

#: The columns that `verdicts` takes.
CLAIM_SCHEMA: Final[dict[str, PolarsDataType]] = {
    "algorithm": pl.String,
    "signature_status": pl.String,
    "signed_message": pl.String,
    "expected_message": pl.String,
    "signature_b64": pl.String,
    "digest_computed": pl.String,
    "digest_stated": pl.String,
    "candidates": pl.List(pl.Binary),
}

#: A digest as documents write it; one in upper case is another text, which nothing signs.
_HEX_DIGEST: Final = "^[0-9a-f]{64}$"


def decode_base64(text: str | None, size: int) -> bytes | None:
    """Return the bytes of standard base64 (RFC 4648, section 4) in its only spelling, or None.

    White space, the URL alphabet, missing padding and stray bits are all refused, as is any
    length but `size` bytes.
    """
    if text is None or not text.isascii():
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == size and base64.b64encode(data).decode() == text else None


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


def verify_columns(
    keys: Sequence[bytes], digests: Sequence[bytes], signatures: Sequence[bytes]
) -> pl.Series:
    """Return a boolean column: does each signature hold over its digest under its key?

    Equal triples are verified once.
    """
    triples = pl.DataFrame(
        {"key": keys, "digest": digests, "signature": signatures},
        schema={"key": pl.Binary, "digest": pl.Binary, "signature": pl.Binary},
    )
    distinct = triples.unique(maintain_order=True)
    verdict = [holds(*row) for row in distinct.iter_rows()]
    distinct = distinct.with_columns(pl.Series("holds", verdict, dtype=pl.Boolean))
    return triples.join(
        distinct, on=["key", "digest", "signature"], how="left", maintain_order="left"
    )["holds"]


def verdicts(claims: pl.DataFrame) -> pl.DataFrame:
    """Return one verdict a row, with the key under which the signature holds.

    Args:
        claims: columns of `CLAIM_SCHEMA`, a row a signature as a document states it.
            `candidates` are the keys at hand, the pinned ones first; `digest_computed` is
            the recomputed digest in hex.

    Returns:
        Columns `verdict` (one of `VERDICTS`) and `public_key` (32 bytes, or null where
        nothing holds), in the order of `claims`.
    """
    early = [_unverifiable(*row) for row in claims.select(_EARLY).iter_rows()]
    rows = claims.with_columns(pl.Series("early", early, dtype=pl.String)).with_row_index("row")
    open_rows = rows.filter(pl.col("early").is_null())
    over_computed = _first_holding(open_rows, "digest_computed")
    failed = open_rows.join(over_computed, on="row", how="anti")
    differing = failed.filter(pl.col("digest_stated") != pl.col("digest_computed"))
    over_stated = _first_holding(differing, "digest_stated")
    found = pl.concat(
        [
            over_computed.with_columns(verdict=pl.lit("holds")),
            over_stated.with_columns(verdict=pl.lit("digest_mismatch")),
        ]
    )
    joined = rows.join(found, on="row", how="left", maintain_order="left")
    return joined.select(
        pl.coalesce("early", "verdict", pl.lit("invalid")).alias("verdict"), "public_key"
    )


_EARLY = (
    "algorithm",
    "signature_status",
    "signed_message",
    "expected_message",
    "signature_b64",
    pl.col("candidates").list.len(),
)


def _unverifiable(  # noqa: PLR0913, PLR0917 - a row of the columns in _EARLY
    algorithm: str | None,
    signature_status: str | None,
    signed_message: str | None,
    expected_message: str,
    signature_b64: str | None,
    candidates: int,
) -> str | None:
    """Return the verdict on a signature that never reaches libsodium, else None."""
    if not signature_b64:
        return "missing"
    if (algorithm, signature_status, signed_message) != (ALGORITHM, SIGNED, expected_message):
        return "unsupported"
    if decode_base64(signature_b64, SIGNATURE_BYTES) is None:
        return "malformed"
    return None if candidates else "unknown_key"


def _first_holding(rows: pl.DataFrame, digest: str) -> pl.DataFrame:
    """Return (row, public_key) of the first candidate under which each signature holds."""
    pairs = (
        rows.select("row", "candidates", "signature_b64", pl.col(digest).alias("digest"))
        .filter(pl.col("digest").str.contains(_HEX_DIGEST))
        .explode("candidates", empty_as_null=False)
    )
    result = verify_columns(
        pairs["candidates"].to_list(),
        pairs["digest"].str.decode("hex").to_list(),
        [base64.b64decode(text) for text in pairs["signature_b64"]],
    )
    return (
        pairs.filter(result)
        .group_by("row", maintain_order=True)
        .agg(pl.col("candidates").first().alias("public_key"))
    )
