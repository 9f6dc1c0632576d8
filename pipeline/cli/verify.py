"""The command `verify`: it prints a verdict on each document and says whether all hold."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from pipeline.errors import SourceError
from pipeline.jobs.verify import Verdict, verify
from pipeline.sources.files import shown
from pipeline.text import safe


def write_verdicts(
    sources: Sequence[str], keyring: Path | None, output: IO[str], *, as_json: bool
) -> bool:
    """Verify all documents of the sources, print a verdict on each; return whether all hold.

    A document holds if it was read, every digest and number is what its content yields,
    every signature is valid by a pinned key, and no finding is worse than info. Other files in a
    directory neither hold nor fail. A file that was named must hold. Nobody can check an integrity
    document or a mirror manifest: one in which nothing is wrong neither holds nor fails.

    Raises:
        SourceError: a source does not exist, or there is nothing in them to verify.
        KeyringError: the keyring cannot be read.
        WarehouseError: the temporary directory cannot be written, or a worker died.
    """
    counts, kinds = {"ok": 0, "failed": 0, "not_checked": 0}, set[str | None]()
    found = _counted(verify(sources, keyring), counts, kinds)
    (_write_json if as_json else _write_text)(found, counts, output)
    if not counts["ok"] + counts["failed"] and kinds <= {None}:
        message = f"there is no Pith document in {', '.join(map(safe, map(shown, sources)))}"
        raise SourceError(message)
    return not counts["failed"]


def _counted(
    found: Iterator[Verdict], counts: dict[str, int], kinds: set[str | None]
) -> Iterator[Verdict]:
    for verdict in found:
        counts[verdict.verdict] += 1
        kinds.add(verdict.kind)
        yield verdict


def _write_json(found: Iterator[Verdict], counts: dict[str, int], output: IO[str]) -> None:
    """Write one object, a document at a time; JSON itself escapes what a terminal obeys."""
    separator = '{"documents": ['
    for verdict in found:
        output.write(f"{separator}\n{json.dumps(dataclasses.asdict(verdict))}")
        separator = ","
    end = separator if separator != "," else ""
    held = bool(counts["ok"]) and not counts["failed"]
    output.write(f'{end}\n], "counts": {json.dumps(counts)}, "ok": {json.dumps(held)}}}\n')


_WORDS = {"ok": "ok", "failed": "FAILED", "not_checked": "not checked"}


def _write_text(found: Iterator[Verdict], counts: dict[str, int], output: IO[str]) -> None:
    for verdict in found:
        for line in _lines(verdict):
            # a line break in a title or a name must not make a verdict of its own
            output.write(safe(line).replace("\n", "\\x0a") + "\n")
    output.write(", ".join(f"{count:,} {_WORDS[name]}" for name, count in counts.items()) + "\n")


def _lines(verdict: Verdict) -> Iterator[str]:
    """Yield the line of a verdict, and, if the document failed, why."""
    place = f"{verdict.path}:{verdict.position}"
    facts = (verdict.kind, verdict.pith_number, verdict.proof, verdict.reason)
    yield "  ".join([_WORDS[verdict.verdict], place, *filter(None, facts)])
    if verdict.verdict != "failed":
        return
    for finding in verdict.findings:
        if finding.fails:
            at = f" at {finding.pointer}" if finding.pointer else ""
            yield f"    {finding.severity} {finding.code}{at}: {finding.message}"
            for name in ("expected", "actual"):
                if (value := getattr(finding, name)) is not None:
                    yield f"        {name:<8}  {value}"
