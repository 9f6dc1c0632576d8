"""What a document says twice: each copy is held against what vouches better for it."""

from __future__ import annotations

from pipeline.documents.shapes import CanonicalRecord, Paper, Source
from pipeline.stage.rows import Sheet


def check_source(
    sheet: Sheet, pointer: str, source: Source | None, canonical: CanonicalRecord
) -> None:
    """Hold a source beside the canonical record against the one in it."""
    own, code = canonical.source, "source_disagrees"
    if source is None or source == own:
        return
    sheet.agree(code, own.kind, source.kind, pointer, "/kind")
    sheet.agree(code, own.id, source.id, pointer, "/id")
    sheet.agree(code, own.version, source.version, pointer, "/version")


def check_metadata(sheet: Sheet, pointer: str, paper: Paper, canonical: CanonicalRecord) -> None:
    """Hold the texts that repeat the canonical record's metadata against it."""
    metadata = canonical.metadata
    code = "metadata_disagrees"
    sheet.agree(code, metadata.license, paper.license, pointer, "/license")
    sheet.agree(code, metadata.primary_cat, paper.primary_cat, pointer, "/primary_cat")
    sheet.agree(code, metadata.cross_cats_sorted, paper.cross_cats, pointer, "/cross_cats")
    _agree_time(sheet, code, metadata.submitted_at, paper.submitted_at, pointer, "/submitted_at")


def check_texts(sheet: Sheet, paper: Paper, other: Paper) -> None:
    """Hold a record's two copies of a paper's texts against each other."""
    for name in Paper.__struct_fields__:
        agree = _agree_time if name == "submitted_at" else Sheet.agree
        place = ("/graph_snapshot/paper/", name)
        agree(sheet, "texts_disagree", getattr(paper, name), getattr(other, name), *place)


def _agree_time(
    sheet: Sheet, code: str, expected: str | None, actual: str | None, *place: str
) -> None:
    """Do what `Sheet.agree` does; one time has many spellings (docs/format.md, "Shapes")."""
    times = sheet.rows.times
    if expected is not None and actual is not None:
        time = times[expected]
        if time is not None and time == times[actual]:
            return
    sheet.agree(code, expected, actual, *place)
