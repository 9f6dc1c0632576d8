"""The main job: discover, stage, model, audit, publish.

`make_snapshot` does all but publish; `pith-etl verify` uses it, so that both run the very
same code.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version as installed
from itertools import chain, islice
from pathlib import Path

import duckdb
import msgspec

from pipeline import catalog, program, session
from pipeline.buckets import is_url
from pipeline.documents.keyring import Keyring
from pipeline.duck import (
    Connection,
    column,
    connect,
    is_disk_full,
    is_out_of_memory,
    parquet,
    row_of,
)
from pipeline.errors import ShrinkError, WarehouseError
from pipeline.executors import local_executor
from pipeline.interrupts import interruptible
from pipeline.jobs import retention, runs
from pipeline.jobs.runs import Clock
from pipeline.jobs.runs import Summary as Summary  # noqa: PLC0414 - what `build` returns
from pipeline.limits import DEFAULT, Limits
from pipeline.model import incremental, range_tasks, tables
from pipeline.model.batch import (
    BatchContext,
    Make,
    audit_documents,
    into_files,
    into_memory,
    model,
)
from pipeline.model.finish import Begun, finish
from pipeline.model.ranges import Range
from pipeline.model.ranges import find as find_ranges
from pipeline.runner import part_store
from pipeline.runner.cluster import Cluster, connected
from pipeline.runner.part_store import Part
from pipeline.runner.tasks import TaskContext, TaskResult, peak_memory, plan, run
from pipeline.sources import inventory
from pipeline.sources.files import InputFile, discover, opened, prefixes, shown
from pipeline.sources.named import settled
from pipeline.warehouse import snapshot
from pipeline.warehouse.run_figures import Changes, RunFigures, nothing_recognised
from pipeline.warehouse.snapshot import Content, Last, Manifest, table_file
from pipeline.warehouse.views import write_database

#: Called with (stage, files done, files in all) as a build goes on.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """The options of a build.

    Attributes:
        sources: directories, files, and what else `files.discover` takes.
        keyring: the keys that are trusted.
        workers: how many processes stage documents.
        rescan: read every file, even one that seems unchanged.
        max_shrink: how many of the last snapshot's documents may vanish or fail, in percent;
            None for any.
        keep: how many snapshots stay; None for all.
        scheduler: the address of a Dask cluster that runs the tasks; None for this machine.
    """

    sources: Sequence[str]
    warehouse: Path
    keyring: Keyring
    workers: int
    limits: Limits = DEFAULT
    rescan: bool = False
    max_shrink: float | None = None
    keep: int | None = None
    scheduler: str | None = None

    @property
    def staging(self) -> Path:
        """The directory of the staging cache."""
        return self.warehouse / "staging"


@dataclass(frozen=True, slots=True)
class _BuildContext:
    """A running build: its name, its options, its times so far, and its folders.

    `sources` are those of the options as `named.settled` returns them.
    """

    name: str
    started_at: datetime
    config: BuildConfig
    sources: list[str]
    progress: Progress
    clock: Clock
    connection: Connection
    cluster: Cluster | None

    @property
    def directory(self) -> Path:
        """The folder of this build alone; a worker left from another build writes elsewhere."""
        return self.config.staging / "work" / self.name


@dataclass(frozen=True, slots=True)
class _Listed:
    """The result of discovering: all directory entries, entries to read, the last listing's facts.

    `notices` are messages for the operator.
    """

    files: int
    read: int
    facts: inventory.Facts | None
    notices: list[str]


@dataclass(frozen=True, slots=True)
class _Staged:
    """The result of staging: all parts in order, the new ones counted, and the inputs.

    `inputs_sha256` and `barren` are as in `Summary` and `RunFigures`.
    """

    parts: list[Part]
    result: TaskResult
    inputs_sha256: str
    barren: list[str]


@dataclass(frozen=True, slots=True)
class _Written:
    """A snapshot that is not finished: its folder, what it counts, and the ranges of its tables.

    `files` is the number of rows of each file of a table, by its name in the folder.
    """

    folder: Path
    figures: RunFigures
    files: dict[str, int]
    ranges: list[Range]


def build(config: BuildConfig, progress: Progress) -> Summary:
    """Build the tables and publish them as a new snapshot, unless nothing changed.

    Raises:
        SourceError: a source does not exist.
        ShrinkError: too many of the last snapshot's documents vanished or fail.
        WarehouseError: the warehouse is locked or cannot be written, a part is broken, or a
            worker died. The published snapshot stays published.
    """
    if config.scheduler:
        # the workers have other working directories
        config = replace(config, warehouse=config.warehouse.absolute())
    sources = settled(config.sources)
    found = discover(sources, config.warehouse, config.staging / snapshot.SPOOL)
    with snapshot.locked(config.warehouse), _written(config), _swept(config.warehouse):
        summary = _build(config, sources, found, progress)
        if not summary.published:
            snapshot.relink(config.warehouse)
        unseen = nothing_recognised(summary.changes, summary.barren)
        notices = [*summary.notices, *unseen, *_clear(config, parts=summary.published)]
    return msgspec.structs.replace(summary, notices=notices)


@contextmanager
def _written(config: BuildConfig) -> Iterator[None]:
    """Turn an error of writing into one that names the warehouse."""
    try:
        yield
    except OSError as error:
        message = f"cannot write the warehouse {config.warehouse}: {error}"
        raise WarehouseError(message) from error


@contextmanager
def _swept(warehouse: Path) -> Iterator[None]:
    """Delete leftovers of builds: before this build, and after it if it fails.

    A successful build reports leftovers that it cannot delete. The next build tries again.
    """
    with suppress(OSError):
        snapshot.remove_leftovers(warehouse)
    try:
        yield
    except BaseException:
        with suppress(OSError, WarehouseError):
            snapshot.remove_leftovers(warehouse)
        raise


def _clear(config: BuildConfig, *, parts: bool) -> list[str]:
    """Delete old snapshots and parts; return the reason if that fails. The published one stays."""
    try:
        if config.keep is not None:
            retention.clear(config.warehouse, config.keep, parts=parts)
        snapshot.remove_leftovers(config.warehouse)
    except (OSError, WarehouseError, duckdb.Error) as error:
        return [f"old snapshots cannot be deleted: {error}"]
    return []


def _build(
    config: BuildConfig, sources: list[str], found: Iterator[InputFile], progress: Progress
) -> Summary:
    # before the files are listed: the next build must notice a file that is modified from now on
    started_ns = time.time_ns()
    with _working(config, sources, progress) as work:
        listed, last = _find(work, found)
        if (facts := listed.facts) and _is_as_listed(work, listed):
            staged = _Staged([], TaskResult(), facts.inputs_sha256, facts.barren)
            if kept := _recall(last, _content(config, facts.inputs_sha256)):
                return _summary(work, listed, staged, kept)
        staged = _stage(work, listed.read)
        content = _content(config, staged.inputs_sha256)
        if kept := _recall(last, content):
            _save_listing(work, staged, started_ns)
            return _summary(work, listed, staged, kept)
        _guard(work.connection, config, last)
        keep = last is not None and _may_keep(last, content)
        written = _write(work, staged, last, keep=keep)
        with work.clock.timed("publish"):
            folder = written.folder
            write_database(folder / snapshot.DATABASE, folder)
            snapshot.make_durable(folder)
            _save_listing(work, staged, started_ns)
            # last of all: from here on the snapshot counts as finished
            made = _made_from(config, content) | {"ranges": written.ranges}
            snapshot.write_manifest(folder, written.figures, written.files, made)
            snapshot.publish(config.warehouse, folder)
        return _summary(work, listed, staged, written.figures)


def _find(work: _BuildContext, found: Iterator[InputFile]) -> tuple[_Listed, Last | None]:
    """List what there is to read; return the published snapshot beside it."""
    with ThreadPoolExecutor(1) as aside:
        # reads the whole last snapshot, while discovering waits for the system
        opening = aside.submit(snapshot.last, work.config.warehouse)
        listed = _discover(work, found)
    last, notice = opening.result()
    if listed.facts is None and last and (documents := last.table("documents")):
        inventory.recall_good(work.connection, documents)
    return replace(listed, notices=[*listed.notices, *([notice] if notice else [])]), last


def _summary(
    work: _BuildContext,
    listed: _Listed,
    staged: _Staged,
    figures: RunFigures | Manifest,
) -> Summary:
    """Return the summary of a build; if nothing changed, `figures` are those of the manifest."""
    counted = {name: getattr(figures, name) for name in RunFigures.__struct_fields__}
    kept = figures if isinstance(figures, Manifest) else None
    if kept:
        counted |= {"changes": Changes(), "barren": staged.barren}
    worker = {"worker": staged.result.peak_bytes} if staged.result.files else {}
    return Summary(
        **counted | {"seconds": work.clock.seconds},
        snapshot=kept.snapshot if kept else work.name,
        warehouse=str(work.config.warehouse),
        workers=work.config.workers,
        published=kept is None,
        files=listed.files,
        read=listed.read,
        read_documents=staged.result.documents,
        bytes=staged.result.bytes,
        staged=staged.result.staged,
        inputs_sha256=staged.inputs_sha256,
        peak_bytes={"main": peak_memory(), **worker},
        notices=listed.notices,
    )


def _is_as_listed(work: _BuildContext, listed: _Listed) -> bool:
    """Tell whether the last listing still holds: nothing must be read, and nothing is gone."""
    same = listed.facts is not None and listed.facts.sources == prefixes(work.sources)
    return same and not listed.read and not inventory.has_gone(work.connection)


def _save_listing(work: _BuildContext, staged: _Staged, started_ns: int) -> None:
    sources = prefixes(work.sources)
    facts = inventory.Facts(staged.inputs_sha256, program.version(), sources, staged.barren)
    inventory.save(work.connection, work.config.staging, work.name, started_ns, facts)


def make_snapshot(config: BuildConfig, progress: Progress) -> Path:
    """Stage, model and audit into a folder of the warehouse, without publishing; return it.

    Raises:
        SourceError: a source does not exist.
        WarehouseError: as `build`.
    """
    sources = settled(config.sources)
    found = discover(sources, config.warehouse, config.staging / snapshot.SPOOL)
    with _working(config, sources, progress) as work:
        listed = _discover(work, found)
        written = _write(work, _stage(work, listed.read), None, keep=False)
    return written.folder


def _content(config: BuildConfig, inputs_sha256: str) -> Content:
    place = snapshot.place(config.warehouse)
    return Content(inputs_sha256, config.keyring.digest, program.version(), place)


@contextmanager
def _working(
    config: BuildConfig, sources: list[str], progress: Progress
) -> Iterator[_BuildContext]:
    """Make the directories of a build; its connection spills into one of them.

    Raises:
        WarehouseError: staging is broken, or there is no room.
        KeyboardInterrupt: a query was interrupted.
    """
    started_at = datetime.now(UTC)
    # asked for now, so that an upgrade during the build is noticed
    program.version()
    name = snapshot.next_name(config.warehouse, started_at)
    spill = config.staging / "work" / name / "spill"
    for directory in (spill, spill.with_name("listing")):
        directory.mkdir(parents=True)
    with _cluster(config, spill.parent, sources) as tasks, connect(spill, config.workers) as made:
        work = _BuildContext(name, started_at, config, sources, progress, Clock(), made, tasks)
        # the interrupt comes first: a search for broken files would take too long
        with _explained(work), _mended(config.staging), interruptible(made):
            yield work


def _cluster(
    config: BuildConfig, directory: Path, sources: list[str]
) -> AbstractContextManager[Cluster | None]:
    """Return the cluster that runs the tasks, if there is one."""
    if config.scheduler is None:
        return nullcontext()
    local = [path for path in prefixes(sources) if not is_url(os.fsencode(path)) and path != "-"]
    return connected(config.scheduler, directory, [opened(path) for path in local])


@contextmanager
def _mended(staging: Path) -> Iterator[None]:
    """Remove broken parts of staging when a query fails; the next build makes them anew.

    Raises:
        WarehouseError: a part was broken.
    """
    try:
        yield
    except duckdb.Error as error:
        if not is_disk_full(error) and (broken := _remove_broken(staging)):
            raise _broken(broken, str(error)) from error
        raise


@contextmanager
def _explained(work: _BuildContext) -> Iterator[None]:
    """Turn an error of DuckDB into one that says what to do."""
    try:
        yield
    except duckdb.Error as error:
        raise _meaning(work, error) from error


def _meaning(work: _BuildContext, error: duckdb.Error) -> Exception:
    if is_out_of_memory(error):
        return WarehouseError(
            "a query found no room in memory; nothing was published. "
            f"The largest documents are {_largest(work.connection)}: {error}"
        )
    if is_disk_full(error) or isinstance(error, duckdb.IOException):
        return WarehouseError(f"cannot write the warehouse {work.config.warehouse}: {error}")
    return error


def _largest(connection: Connection) -> str:
    """Return the places and sizes of the largest documents, as far as they are known."""
    try:
        rows = connection.execute(
            "select path, position, bytes from inputs where bytes > 0 order by bytes desc limit 3"
        ).fetchall()
    except duckdb.Error:
        return "not known yet"
    # quoted: the name of a file may hold control characters
    return ", ".join(f"{path!r} at {position} ({size} bytes)" for path, position, size in rows)


def _remove_broken(directory: Path) -> list[str]:
    return part_store.remove_broken(directory) + inventory.remove_broken(directory)


def _broken(names: list[str], reason: str) -> WarehouseError:
    return WarehouseError(
        f"staging was broken; {', '.join(names)} is removed. Build again: {reason}"
    )


def _discover(work: _BuildContext, found: Iterator[InputFile]) -> _Listed:
    """List the files, and find those that must be read because they are new or seem changed."""
    connection, config = work.connection, work.config
    with work.clock.timed("discover"):
        # a bucket may hold `a`, `/a` and `a/`, which have one path
        repeated = len(work.sources) > 1 or any(map(is_url, map(os.fsencode, work.sources)))
        files = inventory.list_files(connection, found, repeated=repeated)
        tables.part_views(connection, part_store.parts(config.staging))
        facts, damaged = inventory.open_listing(connection, config.staging)
        names = ", ".join(damaged)
        message = f"files are read again: the listing {names} is damaged, or another version's"
        # another program may refuse other files
        judged = facts is not None and facts.program == program.version()
        read = inventory.find_changed(connection, rescan=config.rescan, judged=judged)
    return _Listed(files, read, facts, [message] if damaged else [])


def _stage(work: _BuildContext, read: int) -> _Staged:
    """Stage the new documents of the read files; create `inputs` and the views of all parts."""
    connection = work.connection
    with work.clock.timed("stage"):
        result = _stage_files(work, read) if read else TaskResult()
        parts = part_store.parts(work.config.staging)
        tables.part_views(connection, parts)
        listings = sorted((work.directory / "listing").glob("*.parquet"))
        inventory.make_inputs(connection, listings)
        inputs_sha256 = runs.inputs_digest(connection)
        barren = inventory.barren(connection, prefixes(work.sources))
    return _Staged(parts, result, inputs_sha256, barren)


def _stage_files(work: _BuildContext, read: int) -> TaskResult:
    config = work.config
    known = work.directory / "known"
    part_store.write_known(known, column(work.connection, tables.KNOWN))
    listings, version = work.directory / "listing", program.version()
    job = TaskContext(config.staging, listings, known, config.keyring, config.limits, version)
    total = TaskResult()
    work.progress("stage", 0, read)
    size, files = inventory.changed_files(work.connection)
    workers = work.cluster.workers if work.cluster else config.workers
    tasks = plan(files, size, config.limits, workers)
    first = tuple(islice(tasks, 2))
    # one task needs no other process
    executor, pending = _executor(work, workers if len(first) > 1 else 1)
    with executor:
        for done in run(chain(first, tasks), job, executor, pending):
            total += done
            work.progress("stage", total.files, read)
    return total


def _executor(work: _BuildContext, workers: int) -> tuple[Executor, int]:
    """Return what runs tasks, and how many it holds at a time."""
    if work.cluster:
        return work.cluster.executor(), work.cluster.pending
    return local_executor(workers), workers


def _recall(last: Last | None, content: Content) -> Manifest | None:
    """Return the manifest of the published snapshot, if a new snapshot would be equal."""
    if last is None or last.damaged or last.manifest.content != content:
        return None
    return last.manifest


def _may_keep(last: Last, content: Content) -> bool:
    """Tell whether this build would make the last snapshot's rows from the same inputs."""
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

    The snapshot's table says which documents it held. If the table is lost or broken, the inventory
    does. A document under another path did not vanish. A stale document may stay stale.
    """
    files = last.table("documents") if last else None
    if files:
        held = session.query("held_by_table", documents=f"from {parquet(files)}")
    else:
        held = session.query("held_by_listing")
    total, lost = row_of(connection, session.query("lost", last=held))
    return total, lost


def _write(work: _BuildContext, staged: _Staged, last: Last | None, *, keep: bool) -> _Written:
    """Model and audit the tables into the snapshot's folder.

    With `keep`, the rows of the last snapshot stay that no change touches.

    Raises:
        WarehouseError: the program was upgraded meanwhile: workers may run another version.
    """
    connection, config, clock = work.connection, work.config, work.clock
    folder = config.warehouse / "snapshots" / work.name
    folder.mkdir(parents=True)
    with clock.timed("model"):
        if damaged := part_store.damaged(staged.parts):
            _remove_broken(config.staging)
            raise _broken([part.path.name for part in damaged], "not as it was written")
        tables.locate(connection, config.keyring)
        ranges = find_ranges(connection)
    kept = last if keep and last is not None and _changes(work, last) else None
    if kept:
        begun = _model_changes(work, staged, folder, ranges, kept)
    elif len(ranges) == 1:
        begun = _model_all(work, staged, folder, ranges[0])
    else:
        begun = _model_ranges(work, staged, folder, ranges)
    with clock.timed("audit"):
        finish(connection, folder, begun, kept, _side_by_side(connection, config.workers))
    with clock.timed("model"):
        figures = runs.count(connection)
        changes = runs.changes(connection, last.table("documents") if last else None)
        _write_runs(work, staged, figures, folder)
    program.hold(program.digest())
    files = snapshot.row_counts(folder)
    rows = Counter[str]()
    for name, count in files.items():
        rows[name.split("/", 1)[0]] += count
    figures = msgspec.structs.replace(
        figures, rows=dict(rows), changes=changes, barren=staged.barren, seconds=clock.seconds
    )
    return _Written(folder, figures, files, ranges)


def _changes(work: _BuildContext, last: Last) -> bool:
    with work.clock.timed("model"):
        return incremental.changes(work.connection, last)


def _batch(work: _BuildContext, staged: _Staged) -> BatchContext:
    threads = _side_by_side(work.connection, work.config.workers)
    return BatchContext(staged.parts, work.config.keyring, work.config.limits, threads)


def _model_batch(work: _BuildContext, batch: BatchContext, make: Make, *, only_fresh: bool) -> None:
    """Model and audit the documents of `fresh`."""
    with work.clock.timed("model"):
        names = model(work.connection, batch, make, only_fresh=only_fresh)
        for done, _ in enumerate(names, 1):
            work.progress("model", done, len(catalog.modelled()) + 1)
    with work.clock.timed("audit"):
        work.progress("audit", 0, 0)
        audit_documents(work.connection, batch.threads)


def _model_all(work: _BuildContext, staged: _Staged, folder: Path, one: Range) -> Begun:
    """Model everything as the one range that there is."""
    incremental.everything(work.connection)
    _model_batch(work, _batch(work, staged), into_files(folder, one), only_fresh=False)
    return Begun({name: {one: f"from document_{name}"} for name in catalog.finished()})


def _model_changes(
    work: _BuildContext, staged: _Staged, folder: Path, ranges: list[Range], last: Last
) -> Begun:
    """Model what a change touches; keep the other rows of the last snapshot."""
    batch = _batch(work, staged)
    _model_batch(work, batch, into_memory, only_fresh=True)
    with work.clock.timed("model"):
        kept = incremental.complete(work.connection, folder, ranges, last, batch.threads)
    return Begun(incremental.begun(ranges, kept, last), kept)


def _model_ranges(work: _BuildContext, staged: _Staged, folder: Path, ranges: list[Range]) -> Begun:
    """Model each range by itself, in worker processes."""
    config, place = work.config, work.directory / "ranges"
    place.mkdir()
    with work.clock.timed("model"):
        work.progress("model", 0, len(ranges))
        loose = range_tasks.find_loose(work.connection, ranges)
        if loose:
            range_tasks.model_loose(work.connection, _batch(work, staged), place)
        range_tasks.hand_out(work.connection, ranges, place)
        context = range_tasks.RangeContext(
            config.staging, place, folder, config.keyring, config.limits, loose, program.version()
        )
        executor, pending = _executor(work, config.workers)
        with executor:
            modelled = range_tasks.model_ranges(ranges, context, executor, pending)
            for done, _ in enumerate(modelled, 1):
                work.progress("model", done, len(ranges))
    return range_tasks.begun(ranges, place)


def _write_runs(work: _BuildContext, staged: _Staged, figures: RunFigures, folder: Path) -> None:
    """Write the table of all builds up to this one, from the snapshots that are kept."""
    facts = {
        "run_id": work.name,
        "started_at": work.started_at.replace(tzinfo=None),
        "sources": prefixes(work.sources),
        "keyring_sha256": work.config.keyring.digest,
        "workers": work.config.workers,
        "staged": staged.result.staged,
        "bytes": staged.result.bytes,
        "inputs_sha256": staged.inputs_sha256,
    }
    runs.record_run(work.connection, figures, facts)
    runs.find_earlier_runs(work.connection, snapshot.intact(work.config.warehouse, "runs"))
    table, sql = catalog.table("runs"), catalog.model_sql("runs")
    tables.write_table(work.connection, table, sql, table_file(folder, "runs", snapshot.WHOLE))


#: Two queries can share the memory up to this many bytes of documents.
_SMALL_BYTES = 1_500_000_000


def _side_by_side(connection: Connection, workers: int) -> int:
    """Return how many queries run at a time: with large inputs each needs all the memory."""
    (size,) = row_of(connection, "select coalesce(sum(bytes), 0) from inputs")
    return workers if size <= _SMALL_BYTES else 1


def _made_from(config: BuildConfig, content: Content) -> dict[str, object]:
    """Return the facts on the making of a snapshot for its manifest."""
    return {
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: installed(name) for name in ("pith-etl", *program.LIBRARIES)},
        "sources": list(map(shown, config.sources)),
        "content": content,
    }
