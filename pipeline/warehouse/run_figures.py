"""The figures of a build: counts of its inputs and its tables, and the changes in them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

#: How many sources without a recognised document are named.
_TOLD = 3


class Changes(msgspec.Struct, frozen=True):
    """How many input documents are new, different or gone since the last snapshot.

    A document counts as different if it newly fails or fails for another reason, even if its last
    good rows stay. `foreign` counts the new inputs that are not Pith documents, such as links.
    """

    added: int = 0
    changed: int = 0
    gone: int = 0
    foreign: int = 0


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of a snapshot; the summary of a build and the manifest hold them, too.

    Attributes:
        documents: number of documents by kind, or by status where they were not read.
        statuses: number of documents by status.
        input_files: number of files, or entries that are none, that these stand in.
        refused: number of documents that are refused or unreadable.
        extra_fields: number of fields without a column, over all documents.
        rows: number of rows by table.
        findings: number of findings by severity.
        codes: number of findings by code.
        changes: what changed since the last snapshot.
        barren: the sources in which no Pith document was recognised.
        seconds: wall time by stage; a manifest is written before `publish` ends.
    """

    documents: dict[str, int] = {}
    statuses: dict[str, int] = {}
    input_files: int = 0
    refused: int = 0
    extra_fields: int = 0
    rows: dict[str, int] = {}
    findings: dict[str, int] = {}
    codes: dict[str, int] = {}
    changes: Changes = Changes()
    barren: list[str] = []
    seconds: dict[str, float] = {}


def nothing_recognised(changes: Changes, barren: Sequence[str]) -> list[str]:
    """Return sentences on sources, or new inputs, without a recognised Pith document."""
    told = [f"no Pith document was recognised in {source}" for source in barren[:_TOLD]]
    if len(barren) > _TOLD:
        told.append(f"nor in {len(barren) - _TOLD} more sources")
    if not told and changes.added and changes.foreign == changes.added:
        told.append(f"of {changes.added} new inputs none is a Pith document")
    return told
