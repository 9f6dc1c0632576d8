"""The record of a build: its summary, the changes since the last one, and the table `runs`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version as installed
from itertools import chain
from pathlib import Path

import msgspec

from pipeline import session
from pipeline.duck import Connection, column, parquet, row_of
from pipeline.vocabulary import Severity
from pipeline.warehouse.run_figures import Changes, RunFigures


class Summary(RunFigures, frozen=True, kw_only=True):
    """The summary of a build; `pith-etl build --json` prints it.

    Attributes:
        snapshot: the snapshot that is published now; empty where the build failed.
        published: whether this build published it; false where nothing had changed.
        files: number of directory entries found.
        read: number of them that were read, the others being unchanged.
        read_documents: number of documents in those.
        bytes: size of the documents that were read, unpacked.
        staged: number of distinct documents parsed and verified by this build.
        inputs_sha256: one digest over path, position, content and status of every document.
        peak_bytes: the most memory that this process (`main`), and the largest that staged
            documents (`worker`, with one worker the same process), held.
        notices: messages for the operator that did not stop the build.
    """

    snapshot: str
    warehouse: str
    workers: int
    published: bool = False
    files: int = 0
    read: int = 0
    read_documents: int = 0
    bytes: int = 0
    staged: int = 0
    inputs_sha256: str = ""
    peak_bytes: dict[str, int] = msgspec.field(default_factory=dict)
    notices: list[str] = msgspec.field(default_factory=list)


class Clock:
    """Adds up the wall time of each stage of a build, in seconds."""

    def __init__(self) -> None:
        """Begin with no stage."""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add to the wall time of a stage."""
        started = time.perf_counter()
        yield
        taken = time.perf_counter() - started
        self.seconds[stage] = round(self.seconds.get(stage, 0) + taken, 3)


def count(connection: Connection) -> RunFigures:
    """Return the figures that are counted in the tables."""
    counted = "select {0}, {2}::bigint from {1} group by all order by all"

    def by(what: str, table: str, number: str = "count(*)") -> dict[str, int]:
        return dict(connection.execute(counted.format(what, table, number)).fetchall())

    severities = by("severity", "findings", "sum(occurrences)")
    input_files, refused, extra_fields = row_of(connection, session.query("refused"))
    return RunFigures(
        documents=by("coalesce(kind, status)", "documents"),
        statuses=by("status", "documents"),
        input_files=input_files,
        refused=refused,
        extra_fields=extra_fields,
        findings={name.value: severities.get(name, 0) for name in Severity},
        codes=by("code", "findings", "sum(occurrences)"),
    )


def changes(connection: Connection, documents: Sequence[Path] | None) -> Changes:
    """Return how `inputs` differ from those of the last snapshot, or from the last inventory.

    Args:
        connection: with `inputs`, and `old_documents` of the inventory.
        documents: the files of the snapshot's table; None where it cannot be used.
    """
    old, new = "from old_documents", "from saved_documents"
    if documents is not None:
        named = "select path, position, bytes, sha256, status, reason, stale from"
        old, new = f"{named} {parquet(documents)}", f"{named} inputs"
    row = row_of(connection, session.query("changes", old=old, new=new))
    return Changes(*row)


def inputs_digest(connection: Connection) -> str:
    """Return one digest over path, position, content and status of every document.

    Each document's row has a digest of its own; these are sorted and hashed one batch after the
    other, so memory does not grow with the documents.
    """
    total = hashlib.sha256()
    for batch in column(connection, session.query("input_digests")):
        total.update("".join(batch).encode())
    return total.hexdigest()


def record_run(connection: Connection, figures: RunFigures, facts: dict[str, object]) -> None:
    """Create `this_run`, the row of the table `runs` that tells of this build.

    Args:
        connection: with the tables of this build.
        figures: what they count.
        facts: the other columns, except the version and the time.
    """
    session.create_table(
        connection,
        "this_run",
        {
            "finished_at": datetime.now(UTC).replace(tzinfo=None),
            "refused": figures.refused,
            "version": installed("pith-etl"),
            **figures.findings,
            **facts,
        },
    )


def find_earlier_runs(connection: Connection, tables: Iterable[Sequence[Path]]) -> None:
    """Create `earlier_runs` from all tables: after a rollback no single one may hold all runs.

    Args:
        connection: with `this_run`.
        tables: the files of the table `runs` in each earlier snapshot.
    """
    files = list(chain.from_iterable(tables))
    earlier = parquet(files) if files else "this_run where false"
    connection.execute(f"create view earlier_runs as from {earlier}")
