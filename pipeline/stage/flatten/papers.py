"""A paper as one document tells it: its texts and its number held against their digests."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.documents.canonical import base32_id, text_digest
from pipeline.documents.shapes import Alias, CanonicalRecord, GraphSnapshot, Paper, Receipt
from pipeline.stage.flatten.consistency import check_metadata
from pipeline.stage.flatten.graphs import add_claims, check_digests, graph_facts
from pipeline.stage.rows import DocumentRows

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
    out: DocumentRows, canonical: CanonicalRecord, canonical_status: str, parts: PaperParts
) -> None:
    """Append a paper as this document tells it, with the claims of its snapshot."""
    (pointer, paper), graph, receipt, attestation_state = parts
    metadata = canonical.metadata
    check_metadata(out, pointer, paper, canonical)
    title, abstract = metadata.title_canon_sha256, metadata.abstract_canon_sha256
    out.add(
        "papers",
        out.pith_number,
        canonical.source.kind,
        canonical.source.id,
        canonical.source.version,
        canonical.schema_version,
        metadata.license,
        metadata.primary_cat,
        metadata.cross_cats_sorted,
        out.time(metadata.submitted_at, _metadata_pointer(out), "/submitted_at"),
        paper.title,
        title,
        _text_status(out, "title_digest_mismatch", paper.title, title, pointer, "/title"),
        paper.headline,
        paper.abstract_excerpt,
        abstract,
        _text_status(
            out,
            "abstract_digest_mismatch",
            paper.abstract_excerpt,
            abstract,
            pointer,
            "/abstract_excerpt",
        ),
        paper.authors_text,
        attestation_state,
        out.canonical_sha256,
        canonical_status,
        _number_status(out, metadata.submitted_at),
        *_receipt_facts(out, *receipt),
        *graph_facts(out, *graph),
    )
    add_claims(out, graph[1])
    check_digests(out, *graph)


def _metadata_pointer(out: DocumentRows) -> str:
    """Return where the metadata of the document's canonical record stands."""
    state = out.document.kind == "state"
    return "/current/canonical_record/metadata" if state else "/canonical_record/metadata"


def _number_status(out: DocumentRows, submitted_at: str | None) -> str:
    """Hold the stated Pith number against the one that the canonical record yields."""
    stated, identifier = out.pith_number, base32_id(out.canonical_sha256)
    computed = f"pith:{(submitted_at or '')[:4]}:{identifier}"
    if stated == computed:
        return "verified"
    year_only = stated.startswith("pith:") and stated.split(":")[2:] == [identifier]
    code = "number_year_mismatch" if year_only else "number_mismatch"
    return out.compare(code, computed, stated, "/pith_number")


def _text_status(
    out: DocumentRows, code: str, text: str | None, stated: str | None, *place: str
) -> str:
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
) -> tuple[object, ...]:
    """Return the columns of `papers` that tell of its receipt, in their order."""
    if receipt is None or pointer is None:
        return (None,) * 6
    return (
        pointer,
        receipt.kind,
        receipt.receipt_version,
        receipt.builder_version,
        out.time(receipt.first_computed_at, pointer, "/first_computed_at"),
        out.time(receipt.last_reissued_at, pointer, "/last_reissued_at"),
    )


def add_aliases(out: DocumentRows, pointer: str, aliases: list[Alias] | None) -> None:
    """Append the other names of a paper; `pointer` is where their list stands."""
    for index, alias in enumerate(aliases or ()):
        place = f"{pointer}/{index}"
        time = out.time(alias.created_at, place, "/created_at")
        out.add("aliases", out.pith_number, alias.alias_kind, alias.alias_value, time, place)
