"""What `pith-etl synth` does with its arguments."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.synth.dump import KINDS, Plan, write
from pipeline.vocabulary import Kind

#: More events than this would be dated after the bundle that holds them.
_MOST_EVENTS = 100


def run(  # noqa: PLR0913, PLR0917 - the options of the command
    papers: int, directory: Path, seed: int, layout: str, kinds: str, tamper: float, events: str
) -> str:
    """Write a dump with as many processes as CPUs; return what to say of it.

    Raises:
        UsageError: `kinds`, `events` or `tamper` is not what it must be, or the directory
            holds something already.
        SynthError: the directory cannot be written.
    """
    plan = Plan(papers, directory, seed, layout, _kinds(kinds), tamper, _events(events))
    documents, size, tampered = write(plan, len(os.sched_getaffinity(0)))
    return (
        f"{documents:,} documents of {papers:,} papers, {size:,} bytes, {tampered:,} tampered with"
        f"\n\ntry: pith-etl build {directory}/documents --keyring {directory}/keyring.json"
        f" --warehouse {directory}/warehouse"
    )


def _kinds(text: str) -> tuple[Kind, ...]:
    """Return the kinds of a comma-separated list, in the order of `KINDS`."""
    named = set(text.split(","))
    if unknown := named - set(KINDS):
        message = f"--kinds takes {','.join(KINDS)} or some of them, not {sorted(unknown)}"
        raise UsageError(message)
    return tuple(kind for kind in KINDS if kind in named)


def _events(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})-(\d{1,3})", text, re.ASCII)
    least, most = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 2 <= least <= most <= _MOST_EVENTS:  # noqa: PLR2004 - those that every bundle has
        message = f"--events takes MIN-MAX, from 2 to {_MOST_EVENTS}, such as 2-8: not {text!r}"
        raise UsageError(message)
    return least, most
