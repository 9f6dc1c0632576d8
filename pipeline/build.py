"""The main job: discover, stage, model, audit, publish.

`make_snapshot` does all but publish; `pith-etl verify` uses it, so that both run the very
same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path

from pipeline import catalog, differences, model, snapshot
from pipeline.audit import write_findings
from pipeline.database import write_database
from pipeline.errors import WarehouseError
from pipeline.inputs import InputFile, discover
from pipeline.keyring import Keyring
from pipeline.limits import DEFAULT, Limits
from pipeline.model import Connection, literal
from pipeline.staging import parts, staged_digests, write_known
from pipeline.work import Done, Job, plan, run

#: Called with (stage, files done, files in all) as a build goes on.
Progress = Callable[[str, int, int], None]

#: The libraries whose versions a manifest names beside our own.
_LIBRARIES = ("pith-etl", "duckdb", "msgspec", "orjson", "polars", "pyarrow", "pynacl")


@dataclass(frozen=True, slots=True)
class Order:
    """What to build: sources, the keyring that is trusted, and with how many processes."""

    sources: Sequence[str]
    warehouse: Path
    keyring: Keyring
    workers: int
    limits: Limits = DEFAULT


@dataclass(slots=True)
class Summary:
    """What a build did; `pith-etl build --json` prints it.

    Attributes:
        files: number of directory entries found.
        staged: number of distinct documents parsed and verified by this build.
        documents: number of documents by kind, or by status where they were not read.
        extra_fields: number of fields without a column, over all documents.
        rows: number of rows by table.
        findings: number of findings by severity.
        inputs_sha256: one digest over path, position and SHA-256 of every document.
        seconds: wall time by stage.
    """

    snapshot: str
    warehouse: str
    workers: int
    files: int = 0
    bytes: int = 0
    staged: int = 0
    documents: dict[str, int] = field(default_factory=dict)
    extra_fields: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    inputs_sha256: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Record the wall time of a stage."""
        started = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - started, 3)


def build(order: Order, progress: Progress) -> Summary:
    """Build the tables and publish them as a new snapshot.

    Raises:
        SourceError: a source does not exist.
        WarehouseError: the warehouse is locked or cannot be written, or a worker died. What
            was published before stays so.
    """
    files = discover(order.sources)
    with snapshot.locked(order.warehouse):
        try:
            snapshot.sweep(order.warehouse)
            summary = make_snapshot(order, files, progress)
            folder = order.warehouse / "snapshots" / summary.snapshot
            with summary.timed("publish"):
                write_database(folder / snapshot.DATABASE, folder)
                _write_manifest(order, summary, folder)
                snapshot.make_durable(folder)
                snapshot.publish(order.warehouse, folder)
        except OSError as error:
            message = f"cannot write the warehouse {order.warehouse}: {error}"
            raise WarehouseError(message) from error
        finally:
            snapshot.sweep(order.warehouse)
    return summary


def make_snapshot(order: Order, files: list[InputFile], progress: Progress) -> Summary:
    """Stage, model and audit into `snapshots/ID` below the warehouse, not yet published."""
    started = datetime.now(UTC)
    name = started.strftime("%Y%m%dT%H%M%S.%fZ")
    summary = Summary(name, str(order.warehouse), order.workers, files=len(files))
    work = order.warehouse / "staging" / "work"
    folder = order.warehouse / "snapshots" / name
    for directory in (work / "listing", work / "spill", folder):
        directory.mkdir(parents=True)
    with summary.timed("stage"):
        _stage(order, files, work, summary, progress)
    with model.connect(work / "spill", order.workers) as connection:
        with summary.timed("model"):
            _model(connection, order, files, work, folder, summary, progress)
        with summary.timed("audit"):
            progress("audit", 0, 0)
            summary.rows["findings"] = write_findings(connection, folder)
        _summarise(connection, summary)
        sql = _runs_sql(connection, order, summary, started)
        summary.rows["runs"] = model.write_table(connection, catalog.table("runs"), sql, folder)
    return summary


def _stage(
    order: Order, files: list[InputFile], work: Path, summary: Summary, progress: Progress
) -> None:
    staging = order.warehouse / "staging"
    known = work / "known"
    write_known(known, staged_digests(parts(staging)))
    job = Job(staging, work / "listing", known, order.keyring, order.limits)
    total = Done()
    progress("stage", 0, len(files))
    for done in run(plan(files, order.limits), job, order.workers):
        total += done
        progress("stage", total.files, len(files))
    summary.staged, summary.bytes = total.staged, total.bytes


def _model(  # noqa: PLR0913, PLR0917 - what the steps of a build share
    connection: Connection,
    order: Order,
    files: list[InputFile],
    work: Path,
    folder: Path,
    summary: Summary,
    progress: Progress,
) -> None:
    listings = sorted((work / "listing").glob("*.parquet"))
    model.stage_views(connection, parts(order.warehouse / "staging"), listings, order.keyring)
    model.build_intermediate(connection)
    differences.find(connection, {file.path: file for file in files}, order.limits)
    modelled = [name for name in catalog.TABLES if name not in ("findings", "runs")]
    for done, name in enumerate(modelled):
        progress("model", done, len(modelled))
        summary.rows[name] = model.write_model(connection, name, folder)
    progress("model", len(modelled), len(modelled))


def _summarise(connection: Connection, summary: Summary) -> None:
    counted = "select {0}, count(*) from {1} group by all order by all"
    kinds = connection.execute(counted.format("coalesce(kind, status)", "documents"))
    summary.documents = dict(kinds.fetchall())
    found = dict(connection.execute(counted.format("severity", "findings")).fetchall())
    summary.findings = {name: found.get(name, 0) for name in catalog.SEVERITIES}
    row = connection.execute("select coalesce(sum(extra_count), 0) from documents").fetchone()
    summary.extra_fields = int(row[0]) if row else 0
    summary.inputs_sha256 = _inputs_digest(connection)


def _runs_sql(connection: Connection, order: Order, summary: Summary, started: datetime) -> str:
    """Return the query of the table `runs`: those of the last snapshot, and this one."""
    connection.execute(
        """
        create table this_run as
        select
            $run_id as run_id,
            $started_at::timestamp as started_at,
            $finished_at::timestamp as finished_at,
            $workers::bigint as workers,
            $sources::varchar[] as sources,
            (select count(*) from documents) as documents,
            $staged::bigint as staged,
            (select count(*) from documents where status in ('refused', 'unreadable')) as refused,
            $bytes::bigint as bytes,
            (select count(*) from papers) as papers,
            $critical::bigint as findings_critical,
            $error::bigint as findings_error,
            $warning::bigint as findings_warning,
            $info::bigint as findings_info,
            $inputs_sha256 as inputs_sha256,
            $keyring_sha256 as keyring_sha256,
            $version as version
        """,
        {
            "run_id": summary.snapshot,
            "started_at": started.replace(tzinfo=None),
            "finished_at": datetime.now(UTC).replace(tzinfo=None),
            "workers": order.workers,
            "sources": list(order.sources),
            "staged": summary.staged,
            "bytes": summary.bytes,
            **summary.findings,
            "inputs_sha256": summary.inputs_sha256,
            "keyring_sha256": order.keyring.digest,
            "version": installed("pith-etl"),
        },
    )
    previous = order.warehouse / "current" / "runs" / "part-0.parquet"
    if not previous.exists():
        return "from this_run"
    return f"""
        from read_parquet({literal(str(previous))})
        union all
        from this_run
        order by run_id
    """


def _inputs_digest(connection: Connection) -> str:
    """Return one digest over path, position and SHA-256 of every input document."""
    row = connection.execute(
        """
        with numbered as (
            select
                row_number() over (order by path, position) as number,
                to_json([path, position::varchar, sha256]) as line
            from inputs
        ),

        -- in blocks, so that no single text holds them all
        blocks as (
            select
                number // 10000 as block,
                sha256(string_agg(line, chr(10) order by number)) as digest
            from numbered
            group by block
        )

        select coalesce(sha256(string_agg(digest, '' order by block)), sha256('')) from blocks
        """
    ).fetchone()
    return str(row[0]) if row else ""


def _write_manifest(order: Order, summary: Summary, folder: Path) -> None:
    facts = {
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: installed(name) for name in _LIBRARIES},
        "sources": list(order.sources),
        "inputs_sha256": summary.inputs_sha256,
        "keyring_sha256": order.keyring.digest,
    }
    snapshot.write_manifest(folder, facts, summary.rows)
