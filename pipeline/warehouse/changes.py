"""What a build found new in its input, and whether any of it was a Pith document."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

#: So many sources are named where nothing was recognised.
_TOLD = 3


class Changes(msgspec.Struct, frozen=True):
    """How many input documents are new, different or gone since the last snapshot.

    One that fails now, or otherwise than it did, is different, though its last good rows stay.
    Of those that are new, `foreign` are no Pith documents, links and the like included.
    """

    added: int = 0
    changed: int = 0
    gone: int = 0
    foreign: int = 0


def nothing_recognised(changes: Changes, barren: Sequence[str]) -> list[str]:
    """Return a sentence on each way in which a build found no Pith document where it looked."""
    told = [f"no Pith document was recognised in {source}" for source in barren[:_TOLD]]
    if len(barren) > _TOLD:
        told.append(f"nor in {len(barren) - _TOLD} more sources")
    if not told and changes.added and changes.foreign == changes.added:
        told.append(f"of {changes.added} new inputs none is a Pith document")
    return told
