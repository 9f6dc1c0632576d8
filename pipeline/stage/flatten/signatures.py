"""The signatures of a document, each with the digest recomputed that it should be over."""

from __future__ import annotations

from pipeline.documents.shapes import Receipt, Signature
from pipeline.stage.rows import DocumentRows
from pipeline.stage.schema import SignatureRow
from pipeline.vocabulary import SignatureKind

#: The required `signed_message` by the kind of signature (docs/format.md).
_MESSAGES: dict[SignatureKind, str] = {
    "receipt": "canonical_sha256_bytes",
    "event": "open_graph_event_sha256_bytes",
    "bundle": "bundle_sha256_bytes",
}

#: A signature's place (JSON pointer), what it signs, and which of these.
Signed = tuple[str, SignatureKind, str]


def add_signature(
    out: DocumentRows,
    signed: Signed,
    signature: Signature | Receipt | None,
    computed: str,
    stated: str | None,
) -> None:
    """Append a signature, its verdict still open."""
    pointer, kind, subject = signed
    found = signature or Signature()
    row = SignatureRow(
        doc=out.doc,
        pointer=pointer,
        kind=kind,
        subject=subject,
        pith_number=out.pith_number,
        key_id=found.key_id,
        public_key_fingerprint=found.public_key_fingerprint,
        algorithm=found.algorithm,
        signature_status=found.signature_status,
        signed_message=found.signed_message,
        expected_message=_MESSAGES[kind],
        signature_b64=found.signature_b64 or None,
        signed_at=out.time(found.signed_at, pointer, "/signed_at"),
        digest_computed=computed,
        digest_stated=stated,
        unapplied=out.unapplied,
    )
    out.add(row)
    out.rows.carried.append(out.carried)


def add_receipt(out: DocumentRows, pointer: str, receipt: Receipt | None, computed: str) -> None:
    """Append a receipt's signature, or none, over the canonical record of a digest."""
    stated = receipt.canonical_sha256 if receipt else None
    if receipt is not None:
        place = (pointer, "/canonical_sha256")
        out.compare("canonical_digest_mismatch", computed, stated, *place)
    add_signature(out, (pointer, "receipt", out.pith_number), receipt, computed, stated)
