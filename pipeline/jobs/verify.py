"""A verdict on each document, without a warehouse.

It builds the same tables as `build` into a temporary directory, reads the verdicts from
`documents` and `findings`, and removes the directory. So a build and `verify` use one code.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Literal

from pipeline import session
from pipeline.documents.keyring import load
from pipeline.duck import Connection, connect, finding_room, parquet
from pipeline.errors import WarehouseError
from pipeline.interrupts import interruptible
from pipeline.jobs.build import BuildConfig, make_snapshot
from pipeline.resources import default_keyring
from pipeline.sources.files import prefixes
from pipeline.sources.named import settled
from pipeline.vocabulary import Kind, ProofLevel, Severity, Status
from pipeline.warehouse.snapshot import written_files

#: What is said of a document.
DocumentVerdict = Literal["ok", "failed", "not_checked"]

#: A finding of this severity, or of a worse one, means that a document does not hold.
_FAILING = Severity.WARNING

#: Documents that are not verified. One fails only if the caller named its file. An integrity
#: document or a manifest in which nothing is wrong is not verified, either: its digests cannot be
#: recomputed.
_UNCHECKED: tuple[Status, ...] = ("not_pith", "skipped", "unsupported")


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table `findings`, on the document that it is listed under.

    Attributes:
        occurrences: more than 1 in a row that counts findings that are not listed.
    """

    severity: str
    code: str
    pointer: str | None
    message: str
    expected: str | None
    actual: str | None
    occurrences: int

    @property
    def fails(self) -> bool:
        """Whether it means that its document does not hold."""
        return Severity(self.severity).at_least(_FAILING)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one document.

    Attributes:
        kind, pith_number, status, reason, proof: as in the table `documents`.
        findings: all of them, those of severity info included.
    """

    path: str
    position: int
    verdict: DocumentVerdict
    kind: Kind | None
    pith_number: str | None
    status: Status
    reason: str | None
    proof: ProofLevel | None
    findings: tuple[Finding, ...]


def verify(sources: Sequence[str], keyring: Path | None) -> Iterator[Verdict]:
    """Yield a verdict on each document of the sources, by path and position.

    Raises:
        SourceError: a source does not exist.
        KeyringError: the keyring cannot be read.
        WarehouseError: the temporary directory cannot be written, or a worker died.
    """
    sources = settled(sources)
    pinned = load(keyring or default_keyring())
    with tempfile.TemporaryDirectory(prefix="pith-etl-") as directory:
        config = BuildConfig(sources, Path(directory), pinned, len(os.sched_getaffinity(0)))
        try:
            snapshot = make_snapshot(config, lambda _stage, _done, _total: None)
        except OSError as error:
            message = f"cannot write the temporary directory {directory}: {error}"
            raise WarehouseError(message) from error
        yield from verdicts(snapshot, _named(sources))


def _named(sources: Sequence[str]) -> frozenset[str]:
    """Return the paths, as in the tables, of the files that the caller named one by one."""
    return frozenset(path for path in prefixes(sources) if not path.endswith("/"))


def verdicts(snapshot: Path, named: frozenset[str]) -> Iterator[Verdict]:
    """Yield a verdict on each document of a snapshot, by path and position.

    Args:
        snapshot: the folder that holds the tables.
        named: paths that fail unless they are Pith documents that hold.
    """
    spill, threads = snapshot.with_name("spill"), len(os.sched_getaffinity(0))
    with (
        connect(spill, threads) as connection,
        finding_room(str(spill)),
        interruptible(connection),
    ):
        for table in ("documents", "findings"):
            files = written_files(snapshot, table)
            connection.execute(f"create view {table} as from {parquet(files)}")
        yield from _verdicts(connection, named)


def _verdicts(connection: Connection, named: frozenset[str]) -> Iterator[Verdict]:
    cursor = connection.execute(session.query("verified_documents"))
    while rows := cursor.fetchmany(1000):
        for path, position, kind, number, status, reason, proof, unprovable, proven, found in rows:
            findings = tuple(sorted(starmap(Finding, found), key=_order))
            holds = proven and not any(item.fails for item in findings)
            unchecked = (status in _UNCHECKED and path not in named) or (unprovable and holds)
            verdict: DocumentVerdict
            verdict = "not_checked" if unchecked else "ok" if holds else "failed"
            yield Verdict(path, position, verdict, kind, number, status, reason, proof, findings)


def _order(finding: Finding) -> tuple[int, str, bool, str, str]:
    # rows that only count findings come last
    counts = finding.occurrences > 1
    return (
        Severity(finding.severity).rank,
        finding.code,
        counts,
        finding.pointer or "",
        finding.message,
    )
