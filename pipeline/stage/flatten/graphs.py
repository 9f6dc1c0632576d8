"""The graph around a paper: its counts, its claims, and the digests of its lists."""

from __future__ import annotations

from operator import attrgetter

from pipeline.documents.canonical import snapshot_digest
from pipeline.documents.shapes import (
    AuthorClaims,
    Claims,
    FormalEvidence,
    GraphSnapshot,
    References,
    Verdict,
)
from pipeline.stage.rows import DocumentRows

#: The columns that `papers` has of each part of a snapshot, in their order.
_claims_facts = attrgetter("count", "snapshot_sha256")
_references_facts = attrgetter("count", "resolved_work", "internal_anchors", "snapshot_sha256")
_formal_facts = attrgetter("evidence_count", "snapshot_sha256")
_authors_facts = attrgetter("count", "strong_count", "snapshot_sha256")
_verdict_facts = attrgetter(
    "pipeline_version",
    "strongest_claim",
    "weakest_assumption",
    "one_line_summary",
    "pith_extraction_headline",
)


def graph_facts(out: DocumentRows, pointer: str, snapshot: GraphSnapshot) -> tuple[object, ...]:
    """Return the columns of `papers` that tell of its graph, in their order."""
    verdict = snapshot.verdict or Verdict()
    return (
        pointer,
        snapshot.builder_version,
        *_claims_facts(snapshot.claims or Claims()),
        *_references_facts(snapshot.references or References()),
        *_formal_facts(snapshot.formal_canon or FormalEvidence()),
        *_authors_facts(snapshot.author_claims or AuthorClaims()),
        verdict.id,
        out.time(verdict.created_at, pointer, "/verdict/created_at"),
        *_verdict_facts(verdict),
    )


def add_claims(out: DocumentRows, snapshot: GraphSnapshot) -> None:
    """Append the claims of a snapshot."""
    for position, claim in enumerate((snapshot.claims and snapshot.claims.items) or ()):
        out.add(
            "claims",
            out.pith_number,
            position,
            claim.claim_id,
            claim.kind,
            claim.text,
            claim.source,
            claim.status,
            claim.attestation,
        )


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
