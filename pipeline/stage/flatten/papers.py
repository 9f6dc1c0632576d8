"""A paper as one document states it: its texts and number are compared with their digests."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipeline.documents.canonical import base32_id, text_digest
from pipeline.documents.shapes import Alias, CanonicalRecord, GraphSnapshot, Paper, Receipt
from pipeline.stage.flatten.consistency import check_metadata
from pipeline.stage.flatten.graphs import add_claims, check_digests, graph_facts
from pipeline.stage.rows import DocumentRows
from pipeline.stage.schema import AliasRow, PaperRow
from pipeline.vocabulary import DigestStatus, TextStatus

#: An excerpt is cut at this many characters (docs/format.md); a shorter one is whole.
EXCERPT_CHARACTERS = 600


class PaperParts(NamedTuple):
    """What a document tells of its paper beside the canonical record.

    Attributes:
        texts: where they stand (JSON pointer), and they.
        graph: the same of the graph around the paper.
        receipt: the same of the registry's receipt, where there is one.
        attestation_state: as stated.
    """

    texts: tuple[str, Paper]
    graph: tuple[str, GraphSnapshot]
    receipt: tuple[str | None, Receipt | None]
    attestation_state: str | None


def add_paper(
    out: DocumentRows, canonical: CanonicalRecord, canonical_status: DigestStatus, parts: PaperParts
) -> None:
    """Append a paper as this document tells it, with the claims of its snapshot."""
    (pointer, paper), graph, receipt, attestation_state = parts
    metadata = canonical.metadata
    check_metadata(out, pointer, paper, canonical)
    title, abstract = metadata.title_canon_sha256, metadata.abstract_canon_sha256
    row = PaperRow(
        doc=out.doc,
        pith_number=out.pith_number,
        source_kind=canonical.source.kind,
        source_id=canonical.source.id,
        source_version=canonical.source.version,
        schema_version=canonical.schema_version,
        license=metadata.license,
        primary_cat=metadata.primary_cat,
        cross_cats=metadata.cross_cats_sorted,
        submitted_at=out.time(metadata.submitted_at, _metadata_pointer(out), "/submitted_at"),
        title=paper.title,
        title_canon_sha256=title,
        title_status=_text_status(
            out, "title_digest_mismatch", paper.title, title, pointer, "/title"
        ),
        headline=paper.headline,
        abstract_excerpt=paper.abstract_excerpt,
        abstract_canon_sha256=abstract,
        abstract_status=_text_status(
            out,
            "abstract_digest_mismatch",
            paper.abstract_excerpt,
            abstract,
            pointer,
            "/abstract_excerpt",
        ),
        authors_text=paper.authors_text,
        attestation_state=attestation_state,
        canonical_sha256=out.canonical_sha256,
        canonical_status=canonical_status,
        number_status=_number_status(out, metadata.submitted_at),
        **_receipt_facts(out, *receipt),
        **graph_facts(out, *graph),
    )
    out.add(row)
    add_claims(out, graph[1])
    check_digests(out, *graph)


def _metadata_pointer(out: DocumentRows) -> str:
    """Return where the metadata of the document's canonical record stands."""
    state = out.document.kind == "state"
    return "/current/canonical_record/metadata" if state else "/canonical_record/metadata"


def _number_status(out: DocumentRows, submitted_at: str | None) -> DigestStatus:
    """Compare the stated Pith number with the one that the canonical record yields."""
    stated, identifier = out.pith_number, base32_id(out.canonical_sha256)
    computed = f"pith:{(submitted_at or '')[:4]}:{identifier}"
    if stated == computed:
        return "verified"
    year_only = stated.startswith("pith:") and stated.split(":")[2:] == [identifier]
    code = "number_year_mismatch" if year_only else "number_mismatch"
    return out.compare(code, computed, stated, "/pith_number")


def _text_status(
    out: DocumentRows, code: str, text: str | None, stated: str | None, *place: str
) -> TextStatus:
    if text is None or stated is None:
        return "unverifiable"
    computed = text_digest(text)
    if computed == stated:
        return "verified"
    if code == "abstract_digest_mismatch" and len(text) == EXCERPT_CHARACTERS:
        return "unverifiable"
    out.problem(code, "".join(place), stated, computed)
    return "mismatch"


def _receipt_facts(
    out: DocumentRows, pointer: str | None, receipt: Receipt | None
) -> dict[str, Any]:
    """Return the columns of `PaperRow` that tell of its receipt."""
    if receipt is None or pointer is None:
        return {}
    first, last = receipt.first_computed_at, receipt.last_reissued_at
    return {
        "receipt_pointer": pointer,
        "receipt_kind": receipt.kind,
        "receipt_version": receipt.receipt_version,
        "receipt_builder_version": receipt.builder_version,
        "receipt_first_computed_at": out.time(first, pointer, "/first_computed_at"),
        "receipt_last_reissued_at": out.time(last, pointer, "/last_reissued_at"),
    }


def add_aliases(out: DocumentRows, pointer: str, aliases: list[Alias] | None) -> None:
    """Append the other names of a paper; `pointer` is where their list stands."""
    for index, alias in enumerate(aliases or ()):
        place = f"{pointer}/{index}"
        row = AliasRow(
            doc=out.doc,
            pith_number=out.pith_number,
            kind=alias.alias_kind,
            value=alias.alias_value,
            created_at=out.time(alias.created_at, place, "/created_at"),
            pointer=place,
        )
        out.add(row)
