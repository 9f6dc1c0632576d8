"""A state, alone or in a bundle: compared with its hash and the merge of the bundle's events."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipeline.documents.canonical import sha256_hex, without
from pipeline.documents.merge import merged_content, state_difference
from pipeline.documents.shapes import State
from pipeline.stage.rows import DocumentRows, json_text
from pipeline.stage.schema import StateRow
from pipeline.vocabulary import MergeStatus


class Merged(NamedTuple):
    """The merge of a bundle's events without its hash, its canonical bytes, and that hash."""

    content: dict[str, Any]
    canonical: bytes
    sha256: str


def merged_state(out: DocumentRows) -> Merged | None:
    """Return the merge of the bundle's events, or None if the rule is unknown."""
    content = merged_content(out.document.tree)
    if content is None:
        return None
    text = out.canonical(content)
    return Merged(content, text, sha256_hex(text))


def add_embedded_state(out: DocumentRows, state: State, merged: Merged | None) -> None:
    """Append a bundle's state, compared with the merge of the bundle's events."""
    tree = out.document.tree["state"]
    code = "state_subject_mismatch"
    out.agree(code, out.pith_number, state.pith_number, "/state/pith_number")
    text = out.canonical(without(tree, "state_sha256"))
    reproduced = merged is not None and merged.canonical == text
    computed = merged.sha256 if merged and reproduced else sha256_hex(text)
    facts: tuple[MergeStatus, str | None] = ("reproduced", None)
    if merged is None:
        facts = ("not_reproducible", None)
    elif not reproduced:
        pointer = state_difference(merged.content, tree)
        facts = ("differs", pointer and f"/state{pointer}")
    add_state(out, state, "/state", computed, facts)


def add_state(
    out: DocumentRows,
    state: State,
    pointer: str,
    computed: str,
    merge_facts: tuple[MergeStatus, str | None],
) -> None:
    """Append a state; `merge_facts` are the status and where it differs."""
    place = (pointer, "/state_sha256")
    out.compare("state_digest_mismatch", computed, state.state_sha256, *place)
    merge_status, merge_pointer = merge_facts
    row = StateRow(
        doc=out.doc,
        embedded=bool(pointer),
        pith_number=state.pith_number,
        state_version=state.state_version,
        merge_version=state.merge_version,
        event_count=state.event_count,
        valid_event_count=state.valid_event_count,
        invalid_event_count=state.invalid_event_count,
        equivocation_count=state.equivocation_count,
        applied_event_ids=state.applied_event_ids,
        equivocations=json_text(state.equivocations),
        invalid_events=json_text(state.invalid_events),
        state_sha256=state.state_sha256,
        state_sha256_computed=computed,
        merge_status=merge_status,
        merge_pointer=merge_pointer,
    )
    out.add(row)
