"""The signatures of a document, each with the digest recomputed that it should be over."""

from __future__ import annotations

from pipeline.documents.shapes import Receipt, Signature
from pipeline.stage.rows import DocumentRows

#: What `signed_message` must say, by the kind of signature (docs/format.md).
_MESSAGES = {
    "receipt": "canonical_sha256_bytes",
    "event": "open_graph_event_sha256_bytes",
    "bundle": "bundle_sha256_bytes",
}


def add_signature(
    out: DocumentRows,
    place: tuple[str, str, str],
    signature: Signature | Receipt | None,
    computed: str,
    stated: str | None,
) -> None:
    """Append a signature, its verdict still open; `place` is (pointer, kind, subject)."""
    pointer, kind, subject = place
    found = signature or Signature()
    out.add(
        "signatures",
        pointer,
        kind,
        subject,
        out.pith_number,
        found.key_id,
        found.public_key_fingerprint,
        found.algorithm,
        found.signature_status,
        found.signed_message,
        _MESSAGES[kind],
        found.signature_b64 or None,
        out.time(found.signed_at, pointer, "/signed_at"),
        computed,
        stated,
        out.unapplied,
    )
    out.rows.carried.append(out.carried)


def add_receipt(out: DocumentRows, pointer: str, receipt: Receipt | None, computed: str) -> None:
    """Append a receipt's signature, or none, over the canonical record of a digest."""
    stated = receipt.canonical_sha256 if receipt else None
    if receipt is not None:
        place = (pointer, "/canonical_sha256")
        out.compare("canonical_digest_mismatch", computed, stated, *place)
    add_signature(out, (pointer, "receipt", out.pith_number), receipt, computed, stated)
