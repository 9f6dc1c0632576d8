"""A state, alone or in a bundle: held against its hash, and what the bundle's events merge to."""

from __future__ import annotations

from pipeline.canonical import sha256_hex, without
from pipeline.merge import merged_content, state_difference
from pipeline.rows import Sheet, json_text
from pipeline.shapes import State


def add_embedded_state(sheet: Sheet, state: State) -> None:
    """Append a bundle's state, held against what the bundle's events merge to."""
    tree = sheet.document.tree
    facts: tuple[str | None, str, str | None]
    code = "state_subject_mismatch"
    sheet.agree(code, sheet.pith_number, state.pith_number, "/state/pith_number")
    content = sheet.canonical(without(tree["state"], "state_sha256"))
    computed = sha256_hex(content)
    merged = merged_content(tree)
    if merged is None:
        facts = (None, "not_reproducible", None)
    elif (expected := sheet.canonical(merged)) == content:
        facts = (computed, "reproduced", None)
    else:
        pointer = state_difference(merged, tree["state"])
        facts = (sha256_hex(expected), "differs", pointer and f"/state{pointer}")
    add_state(sheet, state, "/state", computed, facts)


def add_state(
    sheet: Sheet,
    state: State,
    pointer: str,
    computed: str,
    merge_facts: tuple[str | None, str, str | None],
) -> None:
    """Append a state; `merge_facts` are the merged digest, the status and where it differs."""
    place = (pointer, "/state_sha256")
    sheet.compare("state_digest_mismatch", computed, state.state_sha256, *place)
    sheet.add(
        "states",
        bool(pointer),
        state.pith_number,
        state.state_version,
        state.merge_version,
        state.event_count,
        state.valid_event_count,
        state.invalid_event_count,
        state.equivocation_count,
        state.applied_event_ids,
        json_text(state.equivocations),
        json_text(state.invalid_events),
        state.state_sha256,
        computed,
        *merge_facts,
    )
