"""The main job: discover, stage, model, audit, publish.

`make_snapshot` does all but publish; `pith-etl verify` uses it, so that both run the very
same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version as installed
from itertools import chain, islice
from pathlib import Path

import duckdb
import msgspec

from pipeline import catalog, program, session
from pipeline.documents.keyring import Keyring
from pipeline.duck import (
    Connection,
    column,
    connect,
    is_disk_full,
    is_out_of_memory,
    literal,
    row_of,
)
from pipeline.errors import ShrinkError, WarehouseError
from pipeline.executors import local_executor
from pipeline.interrupts import interruptible
from pipeline.jobs import retention, runs
from pipeline.jobs.runs import Summary as Summary  # noqa: PLC0414 - what `build` returns
from pipeline.limits import DEFAULT, Limits
from pipeline.model import incremental, tables
from pipeline.model import state_diff as differences
from pipeline.model.audit import write_findings
from pipeline.runner import part_store
from pipeline.runner.part_store import Part
from pipeline.runner.tasks import TaskContext, TaskResult, plan, run
from pipeline.sources import inventory
from pipeline.sources.files import InputFile, discover, prefixes, shown
from pipeline.warehouse import snapshot
from pipeline.warehouse.changes import nothing_recognised
from pipeline.warehouse.snapshot import Content, Last
from pipeline.warehouse.views import write_database

#: Called with (stage, files done, files in all) as a build goes on.
Progress = Callable[[str, int, int], None]

#: The libraries whose versions a manifest names beside our own.
_LIBRARIES = ("pith-etl", "duckdb", "msgspec", "orjson", "polars", "pyarrow", "pynacl")


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """What to build, and how.

    Attributes:
        sources: directories and files.
        keyring: the keys that are trusted.
        workers: how many processes stage documents.
        rescan: read every file, even one that seems unchanged.
        max_shrink: how many of the last snapshot's documents may vanish or fail, in percent;
            None for any.
        keep: how many snapshots stay; None for all.
    """

    sources: Sequence[str]
    warehouse: Path
    keyring: Keyring
    workers: int
    limits: Limits = DEFAULT
    rescan: bool = False
    max_shrink: float | None = None
    keep: int | None = None

    @property
    def staging(self) -> Path:
        """The directory of the staging cache."""
        return self.warehouse / "staging"


@dataclass(frozen=True, slots=True)
class _BuildContext:
    """A build under way: its name, what was ordered, what was done so far, and where."""

    name: str
    started_at: datetime
    config: BuildConfig
    progress: Progress
    summary: Summary
    connection: Connection

    @property
    def directory(self) -> Path:
        """Where this build alone writes: a worker that outlives another one writes elsewhere."""
        return self.config.staging / "work" / self.name


def build(config: BuildConfig, progress: Progress) -> Summary:
    """Build the tables and publish them as a new snapshot, unless nothing changed.

    Raises:
        SourceError: a source does not exist.
        ShrinkError: too many of the last snapshot's documents vanished or fail.
        WarehouseError: the warehouse is locked or cannot be written, a part is broken, or a
            worker died. What was published before stays so.
    """
    found = discover(config.sources, config.warehouse)
    with snapshot.locked(config.warehouse):
        try:
            # what cannot be deleted now is told at the end
            with suppress(OSError):
                snapshot.sweep(config.warehouse)
            summary = _build(config, found, progress)
            summary.notices += nothing_recognised(summary.changes, summary.barren)
            if not summary.published:
                snapshot.relink(config.warehouse)
            _clear(config, summary)
        except BaseException as error:
            # what ended the build is told, and not what it leaves: the next one sweeps, too
            with suppress(OSError, WarehouseError):
                snapshot.sweep(config.warehouse)
            if isinstance(error, OSError):
                message = f"cannot write the warehouse {config.warehouse}: {error}"
                raise WarehouseError(message) from error
            raise
    return summary


def _clear(config: BuildConfig, summary: Summary) -> None:
    """Delete what is not needed any more; what is published stays so if that cannot be."""
    try:
        if config.keep is not None:
            retention.clear(config.warehouse, config.keep, parts=summary.published)
        snapshot.sweep(config.warehouse)
    except (OSError, WarehouseError, duckdb.Error) as error:
        summary.notices.append(f"old snapshots cannot be deleted: {error}")


def _build(config: BuildConfig, found: Iterator[InputFile], progress: Progress) -> Summary:
    # before the files are listed: what is modified from now on must be noticed next time
    started_ns = time.time_ns()
    with _working(config, progress) as work:
        summary, connection = work.summary, work.connection
        with ThreadPoolExecutor(1) as aside:
            # reads the whole last snapshot, while discovering waits for the system
            opening = aside.submit(snapshot.last, config.warehouse)
            facts = _discover(work, found)
        last, notice = opening.result()
        summary.notices += [notice] if notice else []
        if facts is None and last and (documents := last.table("documents")):
            inventory.recall_good(connection, documents)
        if facts and _is_as_listed(work, facts):
            content = _content(config, facts.inputs_sha256)
            summary.barren = facts.barren
            if _recall(last, content, summary):
                return summary
        parts = _prepare(work)
        content = _content(config, summary.inputs_sha256)
        if _recall(last, content, summary):
            _save_listing(work, started_ns)
            return summary
        _guard(connection, config, last)
        folder = _write(work, parts, last, keep=last is not None and _may_keep(last, content))
        with summary.timed("publish"):
            write_database(folder / snapshot.DATABASE, folder)
            snapshot.make_durable(folder)
            _save_listing(work, started_ns)
            # last of all: from here on the snapshot counts as finished
            _write_manifest(config, summary, content, folder)
            snapshot.publish(config.warehouse, folder)
    return summary


def _is_as_listed(work: _BuildContext, facts: inventory.Facts) -> bool:
    """Tell whether a listing tells all of the inputs: nothing must be read, and nothing is gone."""
    same = facts.sources == prefixes(work.config.sources)
    return same and not work.summary.read and not inventory.has_gone(work.connection)


def _save_listing(work: _BuildContext, started_ns: int) -> None:
    summary, sources = work.summary, prefixes(work.config.sources)
    facts = inventory.Facts(summary.inputs_sha256, program.version(), sources, summary.barren)
    inventory.save(work.connection, work.config.staging, work.name, started_ns, facts)


def make_snapshot(config: BuildConfig, progress: Progress) -> Summary:
    """Stage, model and audit into `snapshots/ID` below the warehouse, without publishing.

    Raises:
        SourceError: a source does not exist.
        WarehouseError: as `build`.
    """
    found = discover(config.sources, config.warehouse)
    with _working(config, progress) as work:
        _discover(work, found)
        _write(work, _prepare(work), None, keep=False)
    return work.summary


def _content(config: BuildConfig, inputs_sha256: str) -> Content:
    place = snapshot.place(config.warehouse)
    return Content(inputs_sha256, config.keyring.digest, program.version(), place)


@contextmanager
def _working(config: BuildConfig, progress: Progress) -> Iterator[_BuildContext]:
    """Make the directories of a build; its connection spills into one of them.

    Raises:
        WarehouseError: staging is broken, or there is no room.
        KeyboardInterrupt: a query was interrupted.
    """
    started_at = datetime.now(UTC)
    name = snapshot.next_name(config.warehouse, started_at)
    summary = Summary(name, str(config.warehouse), config.workers)
    spill = config.staging / "work" / name / "spill"
    for directory in (spill, spill.with_name("listing")):
        directory.mkdir(parents=True)
    with connect(spill, config.workers) as connection:
        work = _BuildContext(name, started_at, config, progress, summary, connection)
        try:
            # within: to look for what broke would take longer than an interrupt may
            with interruptible(connection):
                yield work
        except duckdb.Error as error:
            raise _explained(work, error) from error


def _explained(work: _BuildContext, error: duckdb.Error) -> Exception:
    """Return what an error of DuckDB means; what is broken in staging is removed."""
    config = work.config
    broken = [] if is_disk_full(error) else _remove_broken(config.staging)
    if broken:
        return _broken(broken, str(error))
    if is_out_of_memory(error):
        return WarehouseError(
            "a query found no room in memory; nothing was published. "
            f"The largest documents are {_largest(work.connection)}: {error}"
        )
    if is_disk_full(error) or isinstance(error, duckdb.IOException):
        return WarehouseError(f"cannot write the warehouse {config.warehouse}: {error}")
    return error


def _largest(connection: Connection) -> str:
    """Return the places and sizes of the documents that weigh most, as far as they are known."""
    try:
        rows = connection.execute(
            "select path, position, bytes from inputs where bytes > 0 order by bytes desc limit 3"
        ).fetchall()
    except duckdb.Error:
        return "not known yet"
    # quoted: whoever named the file may have put control characters into its name
    return ", ".join(f"{path!r} at {position} ({size} bytes)" for path, position, size in rows)


def _remove_broken(directory: Path) -> list[str]:
    return part_store.remove_broken(directory) + inventory.remove_broken(directory)


def _broken(names: list[str], reason: str) -> WarehouseError:
    return WarehouseError(
        f"staging was broken; {', '.join(names)} is removed. Build again: {reason}"
    )


def _discover(work: _BuildContext, found: Iterator[InputFile]) -> inventory.Facts | None:
    """List the files, and find those that must be read because they are new or seem changed.

    Returns:
        The facts of the last listing, if there is one.
    """
    connection, config, summary = work.connection, work.config, work.summary
    with summary.timed("discover"):
        repeated = len(config.sources) > 1
        summary.files = inventory.list_files(connection, found, repeated=repeated)
        tables.part_views(connection, part_store.parts(config.staging))
        facts, damaged = inventory.open_listing(connection, config.staging)
        if damaged:
            names = ", ".join(damaged)
            message = f"files are read again: the listing {names} is damaged, or another version's"
            summary.notices.append(message)
        # another program may refuse other files
        judged = facts is not None and facts.program == program.version()
        summary.read = inventory.find_changed(connection, rescan=config.rescan, judged=judged)
    return facts


def _prepare(work: _BuildContext) -> list[Part]:
    """Read and stage what is new; create `inputs` and the views of all parts, returned in order."""
    connection, summary = work.connection, work.summary
    with summary.timed("stage"):
        if summary.read:
            _stage(work)
        parts = part_store.parts(work.config.staging)
        tables.part_views(connection, parts)
        listings = sorted((work.directory / "listing").glob("*.parquet"))
        inventory.make_inputs(connection, listings)
        summary.inputs_sha256 = runs.inputs_digest(connection)
        summary.barren = inventory.barren(connection, prefixes(work.config.sources))
    return parts


def _stage(work: _BuildContext) -> None:
    config, summary = work.config, work.summary
    known = work.directory / "known"
    part_store.write_known(known, column(work.connection, tables.KNOWN))
    listings, version = work.directory / "listing", part_store.version()
    job = TaskContext(config.staging, listings, known, config.keyring, config.limits, version)
    total = TaskResult()
    work.progress("stage", 0, summary.read)
    size, files = inventory.changed_files(work.connection)
    tasks = plan(files, size, config.limits, config.workers)
    first = tuple(islice(tasks, 2))
    # one task needs no other process
    workers = config.workers if len(first) > 1 else 1
    with local_executor(workers) as executor:
        for done in run(chain(first, tasks), job, executor, workers):
            total += done
            work.progress("stage", total.files, summary.read)
    summary.read_documents = total.documents
    summary.staged, summary.bytes = total.staged, total.bytes
    summary.peak_bytes["worker"] = total.peak_bytes


def _recall(last: Last | None, content: Content, summary: Summary) -> bool:
    """Complete the summary from the published snapshot, if a new one would hold the same."""
    if last is None or last.damaged or last.manifest.content != content:
        return False
    manifest = last.manifest
    summary.published, summary.snapshot = False, manifest.snapshot
    summary.inputs_sha256 = content.inputs_sha256
    summary.documents, summary.statuses = manifest.documents, manifest.statuses
    summary.refused = manifest.refused
    summary.findings, summary.codes = manifest.findings, manifest.codes
    summary.rows, summary.extra_fields = manifest.rows, manifest.extra_fields
    return True


def _may_keep(last: Last, content: Content) -> bool:
    """Tell whether the last snapshot's rows are what this build would make of the same inputs."""
    made = last.manifest.content
    same = (made.program, made.keyring_sha256) == (content.program, content.keyring_sha256)
    return same and not last.damaged


def _guard(connection: Connection, config: BuildConfig, last: Last | None) -> None:
    """Refuse to publish a snapshot that lost too much of the last one.

    Raises:
        ShrinkError: more than `max_shrink` of its documents vanished or fail.
    """
    if config.max_shrink is None:
        return
    total, lost = _lost(connection, last)
    # as the operator wrote it: 2.3 times 1000 is less than 2300 in floats
    if 100 * lost > Fraction(str(config.max_shrink)) * total:
        message = (
            f"{lost} of the {total} documents of the last snapshot vanished or fail, more than "
            f"{config.max_shrink:g}%; nothing was published. Is a source not mounted? "
            "If this is right, build with --allow-shrink"
        )
        raise ShrinkError(message)


def _lost(connection: Connection, last: Last | None) -> tuple[int, int]:
    """Return how many documents the last snapshot held, and how many of them vanished or fail.

    What it held its table tells or, where that is gone or broken, the inventory. One that is found
    under another path did not vanish, and one that was stale may stay so.
    """
    file = last.table("documents") if last else None
    if file:
        documents = f"from read_parquet({literal(str(file))})"
        held = session.query("held_by_table", documents=documents)
    else:
        held = session.query("held_by_listing")
    total, lost = row_of(connection, session.query("lost", last=held))
    return total, lost


def _write(work: _BuildContext, parts: list[Part], last: Last | None, *, keep: bool) -> Path:
    """Model and audit the tables into the snapshot's folder, and return it.

    With `keep`, rows of the last snapshot that no change touches stay.
    """
    connection, config, summary = work.connection, work.config, work.summary
    folder = config.warehouse / "snapshots" / summary.snapshot
    folder.mkdir(parents=True)
    with summary.timed("model"):
        if damaged := part_store.damaged(parts):
            _remove_broken(config.staging)
            raise _broken([part.path.name for part in damaged], "not as it was written")
        tables.locate(connection, config.keyring)
        only_fresh = keep and last is not None and incremental.changes(connection, last.folder)
        if not only_fresh:
            incremental.everything(connection)
        threads = _side_by_side(connection, config.workers)
        tables.stage_views(connection, parts, config.keyring, only_fresh=only_fresh)
        tables.build_intermediate(connection)
        differences.find(connection, config.limits)
        work.progress("model", 0, len(tables.MODELLED))
        for done, (name, rows) in enumerate(
            tables.write_models(connection, folder, threads, only_fresh=only_fresh)
        ):
            summary.rows[name] = rows
            work.progress("model", done + 1, len(tables.MODELLED))
    with summary.timed("audit"):
        work.progress("audit", 0, 0)
        summary.rows["findings"] = write_findings(connection, folder, threads)
    with summary.timed("model"):
        if only_fresh:
            summary.rows.update(tables.complete(connection, folder, threads))
        runs.count(connection, summary)
        summary.changes = runs.changes(connection, last.table("documents") if last else None)
        _write_runs(work, folder)
    return folder


def _write_runs(work: _BuildContext, folder: Path) -> None:
    """Write the table of all builds up to this one, as far as the snapshots that are kept tell."""
    facts = {
        "started_at": work.started_at.replace(tzinfo=None),
        "sources": list(map(shown, work.config.sources)),
        "keyring_sha256": work.config.keyring.digest,
    }
    runs.record_run(work.connection, work.summary, facts)
    runs.find_earlier_runs(work.connection, snapshot.intact(work.config.warehouse, "runs"))
    table, sql = catalog.table("runs"), catalog.model_sql("runs")
    work.summary.rows["runs"] = tables.write_table(work.connection, table, sql, folder)


#: Up to so many bytes of documents, two queries at a time find room in the memory that one has.
_SMALL_BYTES = 1_500_000_000


def _side_by_side(connection: Connection, workers: int) -> int:
    """Return how many queries run at a time: what is large needs all memory for each."""
    (size,) = row_of(connection, "select coalesce(sum(bytes), 0) from inputs")
    return workers if size <= _SMALL_BYTES else 1


def _write_manifest(config: BuildConfig, summary: Summary, content: Content, folder: Path) -> None:
    facts = {
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: installed(name) for name in _LIBRARIES},
        "sources": list(map(shown, config.sources)),
        "content": content,
        "documents": summary.documents,
        "statuses": summary.statuses,
        "refused": summary.refused,
        "extra_fields": summary.extra_fields,
        "barren": summary.barren,
        "findings": summary.findings,
        "codes": summary.codes,
        "changes": msgspec.structs.asdict(summary.changes),
        "seconds": summary.seconds,
        "rows": summary.rows,
    }
    snapshot.write_manifest(folder, facts)
