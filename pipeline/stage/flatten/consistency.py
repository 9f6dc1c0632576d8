"""Values that a document states twice: each copy is compared with the better proven one."""

from __future__ import annotations

from pipeline.documents.shapes import CanonicalRecord, Paper, Source
from pipeline.stage.rows import DocumentRows


def check_source(
    out: DocumentRows, pointer: str, source: Source | None, canonical: CanonicalRecord
) -> None:
    """Hold a source beside the canonical record against the one in it."""
    own, code = canonical.source, "source_disagrees"
    if source is None or source == own:
        return
    out.agree(code, own.kind, source.kind, pointer, "/kind")
    out.agree(code, own.id, source.id, pointer, "/id")
    out.agree(code, own.version, source.version, pointer, "/version")


def check_metadata(
    out: DocumentRows, pointer: str, paper: Paper, canonical: CanonicalRecord
) -> None:
    """Hold the texts that repeat the canonical record's metadata against it."""
    metadata = canonical.metadata
    code = "metadata_disagrees"
    out.agree(code, metadata.license, paper.license, pointer, "/license")
    out.agree(code, metadata.primary_cat, paper.primary_cat, pointer, "/primary_cat")
    out.agree(code, metadata.cross_cats_sorted, paper.cross_cats, pointer, "/cross_cats")
    _agree_time(out, code, metadata.submitted_at, paper.submitted_at, pointer, "/submitted_at")


def check_texts(out: DocumentRows, paper: Paper, other: Paper) -> None:
    """Hold a record's two copies of a paper's texts against each other."""
    for name in Paper.__struct_fields__:
        agree = _agree_time if name == "submitted_at" else DocumentRows.agree
        place = ("/graph_snapshot/paper/", name)
        agree(out, "texts_disagree", getattr(paper, name), getattr(other, name), *place)


def _agree_time(
    out: DocumentRows, code: str, expected: str | None, actual: str | None, *place: str
) -> None:
    """Do what `DocumentRows.agree` does; one time has many spellings (docs/format.md, "Shapes")."""
    times = out.rows.times
    if expected is not None and actual is not None:
        time = times[expected]
        if time is not None and time == times[actual]:
            return
    out.agree(code, expected, actual, *place)
