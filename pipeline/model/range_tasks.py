"""A full build of several ranges: each is modelled and audited by itself, as a task.

Groups whose papers are in several ranges are modelled first, together; their rows are the `loose`
ones, and each range takes its own. `model_range` needs only its arguments and the folders that they
name, so any executor can run it (`pipeline.executors`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline import catalog, program, session
from pipeline.documents.keyring import Keyring
from pipeline.duck import Connection, connect, literal, parquet, quote, row_of
from pipeline.executors import run_all
from pipeline.interrupts import interruptible
from pipeline.limits import Limits
from pipeline.model import groups
from pipeline.model.batch import (
    BatchContext,
    audit_documents,
    into_files,
    into_memory,
    model,
)
from pipeline.model.finish import Begun
from pipeline.model.incremental import everything
from pipeline.model.ranges import Range
from pipeline.model.tables import gather_parts, locate, part_views, show_table, write_table
from pipeline.outputs import put_whole
from pipeline.runner.part_store import parts
from pipeline.runner.tasks import killed_is_said
from pipeline.stage.order import KEY_SHIFT, KEYS
from pipeline.warehouse.snapshot import table_file


@dataclass(frozen=True, slots=True)
class RangeContext:
    """What the tasks of a build share.

    Attributes:
        staging: the staging directory, which holds the parts.
        work: the directory of what the tasks are given and leave, a folder a range.
        folder: of the snapshot.
        loose: whether there are loose rows.
        version: of the program that started the build (`program.version`).
    """

    staging: Path
    work: Path
    folder: Path
    keyring: Keyring
    limits: Limits
    loose: bool
    version: str


def find_loose(connection: Connection, ranges: Sequence[Range]) -> bool:
    """Create `fresh` of the documents whose groups are in several ranges; tell if there are any.

    Args:
        connection: as `tables.locate` leaves it.
        ranges: of this build.
    """
    connection.execute("create or replace table known as select doc from live")
    if groups.find_ties(connection):
        groups.reach_several(connection, ranges)
        session.create_table(connection, "spread")
    else:
        connection.execute("create or replace table spread as from known")
    connection.execute("create table fresh as from spread")
    connection.execute("create view fresh_inputs as from inputs semi join fresh using (doc)")
    (count,) = row_of(connection, "select count(*) from fresh")
    return bool(count)


def model_loose(connection: Connection, context: BatchContext, work: Path) -> None:
    """Model the documents of `fresh`, and write their rows for the ranges to take."""
    for _ in model(connection, context, into_memory, only_fresh=True):
        pass
    audit_documents(connection, context.threads)
    for name in (*catalog.modelled(), *_begun()):
        _copy(connection, f"from {name}", _loose_file(work, name))
        connection.execute(f"drop table {quote(name)}")


def hand_out(connection: Connection, ranges: Sequence[Range], work: Path) -> None:
    """Write for each range the inputs of which it models the documents.

    Args:
        connection: with `fresh`, the loose documents.
        ranges: of this build.
        work: as in `RangeContext`.
    """
    _copy(connection, "from current_files", work / "files.parquet")
    for one in ranges:
        (work / one.name).mkdir()
        # what is no document goes to the last range
        placed = one.holds_doc(f"coalesce(doc, {KEYS - 1 << KEY_SHIFT})")
        given = f"from inputs anti join fresh using (doc) where {placed}"
        _copy(connection, given, _inputs_file(work, one))


def model_ranges(
    ranges: Sequence[Range], context: RangeContext, executor: Executor, pending: int
) -> Iterator[None]:
    """Model all ranges; yield once for each as it is done.

    Args:
        ranges: of this build.
        context: what the tasks share.
        executor: any; the caller shuts it down.
        pending: how many tasks it holds at most.

    Raises:
        WarehouseError: a worker died.
    """
    task = partial(model_range, context=context)
    with killed_is_said():
        for _ in run_all(executor, task, iter(ranges), pending):
            yield
    # of workers that were killed while they wrote
    for left in context.folder.glob("*/.*"):
        left.unlink()


def model_range(one: Range, context: RangeContext) -> None:
    """Write a range's files of the tables, and its citations and findings so far.

    Raises:
        WarehouseError: this process runs another version of the program than the build does.
    """
    program.hold(context.version)
    # another worker may be at the same range still, if it was only thought to be lost
    aside = TemporaryDirectory(dir=context.work / one.name, ignore_cleanup_errors=True)
    with aside as spill, connect(Path(spill), 1) as connection, interruptible(connection):
        found = parts(context.staging)
        part_views(connection, found, one)
        gather_parts(connection, Path(spill))
        show_table(connection, "inputs", [_inputs_file(context.work, one)])
        show_table(connection, "current_files", [context.work / "files.parquet"])
        locate(connection, context.keyring)
        everything(connection)
        batch = BatchContext(found, context.keyring, context.limits, 1)
        make = into_memory if context.loose else into_files(context.folder, one)
        for _ in model(connection, batch, make, only_fresh=False):
            pass
        audit_documents(connection, 1)
        for name in catalog.modelled() if context.loose else ():
            file = table_file(context.folder, name, one.name)
            query = _with_loose(context.work, name, one)
            write_table(connection, catalog.table(name), query, file)
        for name in _begun():
            query = _with_loose(context.work, name, one) if context.loose else f"from {name}"
            _copy(connection, query, _begun_file(context.work, name, one))


def begun(ranges: Sequence[Range], work: Path) -> Begun:
    """Return what `model_range` left of citations and findings."""
    return Begun(
        {
            name.removeprefix("document_"): {
                one: f"from {parquet([_begun_file(work, name, one)])}" for one in ranges
            }
            for name in _begun()
        }
    )


def _begun() -> list[str]:
    """Return the relations of what a batch leaves of the tables that are finished later."""
    return [f"document_{name}" for name in catalog.finished()]


def _begun_file(work: Path, name: str, one: Range) -> Path:
    return work / one.name / f"{name}.parquet"


def _with_loose(work: Path, name: str, one: Range) -> str:
    number = catalog.table(name.removeprefix("document_")).number
    loose = f"from {parquet([_loose_file(work, name)])} where {one.holds(number)}"
    return f"from {name} union all by name {loose}"


def _loose_file(work: Path, name: str) -> Path:
    return work / f"{name}.parquet"


def _inputs_file(work: Path, one: Range) -> Path:
    return work / one.name / "inputs.parquet"


def _copy(connection: Connection, query: str, file: Path) -> None:
    with put_whole(file) as aside:
        connection.execute(f"copy ({query}) to {literal(str(aside))} (format parquet)")
