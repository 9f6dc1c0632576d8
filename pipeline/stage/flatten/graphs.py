"""The graph around a paper: its counts, its claims, and the digests of its lists."""

from __future__ import annotations

from typing import Any

from pipeline.documents.canonical import snapshot_digest
from pipeline.documents.shapes import (
    AuthorClaims,
    Claims,
    FormalEvidence,
    GraphSnapshot,
    PaperVerdict,
    References,
)
from pipeline.stage.rows import DocumentRows
from pipeline.stage.schema import ClaimRow

_NO_CLAIMS, _NO_REFERENCES, _NO_EVIDENCE = Claims(), References(), FormalEvidence()
_NO_AUTHORS, _NO_VERDICT = AuthorClaims(), PaperVerdict()


def graph_facts(out: DocumentRows, pointer: str, snapshot: GraphSnapshot) -> dict[str, Any]:
    """Return the columns of `PaperRow` that tell of its graph."""
    claims = snapshot.claims or _NO_CLAIMS
    references = snapshot.references or _NO_REFERENCES
    formal = snapshot.formal_canon or _NO_EVIDENCE
    authors = snapshot.author_claims or _NO_AUTHORS
    verdict = snapshot.verdict or _NO_VERDICT
    return {
        "graph_pointer": pointer,
        "graph_builder_version": snapshot.builder_version,
        "claims_count": claims.count,
        "claims_snapshot_sha256": claims.snapshot_sha256,
        "references_count": references.count,
        "references_resolved_work": references.resolved_work,
        "references_internal_anchors": references.internal_anchors,
        "references_snapshot_sha256": references.snapshot_sha256,
        "formal_canon_evidence_count": formal.evidence_count,
        "formal_canon_snapshot_sha256": formal.snapshot_sha256,
        "author_claims_count": authors.count,
        "author_claims_strong_count": authors.strong_count,
        "author_claims_snapshot_sha256": authors.snapshot_sha256,
        "verdict_id": verdict.id,
        "verdict_created_at": out.time(verdict.created_at, pointer, "/verdict/created_at"),
        "verdict_pipeline_version": verdict.pipeline_version,
        "verdict_strongest_claim": verdict.strongest_claim,
        "verdict_weakest_assumption": verdict.weakest_assumption,
        "verdict_one_line_summary": verdict.one_line_summary,
        "verdict_extraction_headline": verdict.pith_extraction_headline,
    }


def add_claims(out: DocumentRows, snapshot: GraphSnapshot) -> None:
    """Append the claims of a snapshot."""
    for position, claim in enumerate((snapshot.claims and snapshot.claims.items) or ()):
        row = ClaimRow(
            doc=out.doc,
            pith_number=out.pith_number,
            position=position,
            claim_id=claim.claim_id,
            kind=claim.kind,
            text=claim.text,
            source=claim.source,
            status=claim.status,
            attestation=claim.attestation,
        )
        out.add(row)


#: The digest of a snapshot without items, the only one of which the rule is proven.
_EMPTY_SNAPSHOT = snapshot_digest([])


def check_digests(out: DocumentRows, pointer: str, snapshot: GraphSnapshot) -> None:
    """Hold the digests of the snapshot's lists against their items, where the rule is proven."""
    if claims := snapshot.claims:
        # the only list that stands there whole; of the others a count must do
        empty = claims.count == 0 if claims.items is None else not claims.items
        _check_digest(out, empty, claims.snapshot_sha256, pointer, "/claims")
    if references := snapshot.references:
        empty = references.count == 0 and not references.sample
        _check_digest(out, empty, references.snapshot_sha256, pointer, "/references")
    if formal := snapshot.formal_canon:
        empty = formal.evidence_count == 0
        _check_digest(out, empty, formal.snapshot_sha256, pointer, "/formal_canon")
    if authors := snapshot.author_claims:
        empty = authors.count == 0
        _check_digest(out, empty, authors.snapshot_sha256, pointer, "/author_claims")


def _check_digest(out: DocumentRows, empty: bool, stated: str | None, *place: str) -> None:  # noqa: FBT001 - of a list
    expected = _EMPTY_SNAPSHOT if empty else None
    if stated is not None and stated == expected:
        return
    code = "snapshot_digest_mismatch" if empty else "snapshot_digest_unproven"
    if stated is None:
        code = "digest_missing"
    out.problem(code, "".join((*place, "/snapshot_sha256")), expected, stated, breaks=False)
