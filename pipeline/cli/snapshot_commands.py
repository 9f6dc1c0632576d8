"""The output of the commands on snapshots: `history`, `diff` and `check`."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline import catalog
from pipeline.cli.render import write_result
from pipeline.cli.text_table import print_table
from pipeline.duck import Connection, connect, finding_room, literal, row_of
from pipeline.errors import UsageError, WarehouseError
from pipeline.formats import ResultFormat
from pipeline.interrupts import interruptible
from pipeline.jobs import check as checking
from pipeline.jobs import retention
from pipeline.warehouse import attempts, differences, snapshot
from pipeline.warehouse.reader import Warehouse

#: How many of the attempts that failed `history` prints.
_FAILED = 20


def history(warehouse: Path, output: IO[str]) -> None:
    """Print the snapshots, the newest first, what changed in each, and the attempts that failed.

    Raises:
        WarehouseError: nothing is published; the attempts are printed before.
    """
    made = attempts.kept(warehouse)
    if made and made[-1].failed:
        output.write(f"last attempt {made[-1].told}\n\n")
    failed = [attempt for attempt in reversed(made) if attempt.failed]
    if failed:
        rows = [(attempt.moment, str(attempt.exit_code), attempt.why) for attempt in failed]
        print_table(output, ("attempt that failed", "exit code", "why"), rows[:_FAILED])
        output.write("\n")
    names = ("snapshot", "documents", "added", "changed", "gone", "refused", "papers", "findings")
    print_table(output, names, [_history(kept) for kept in retention.history(warehouse)])


def _history(kept: retention.Kept) -> tuple[str, ...]:
    name = kept.name + (" (published)" if kept.published else "")
    manifest = kept.manifest
    if manifest is None:
        return (name, *[""] * 6, "its manifest is broken, or of another version of pith-etl")
    return (
        name,
        f"{sum(manifest.documents.values()):,}",
        *(f"{getattr(manifest.changes, name):,}" for name in ("added", "changed", "gone")),
        f"{manifest.refused:,}",
        f"{manifest.rows['papers']:,}",
        ", ".join(f"{count:,} {name}" for name, count in manifest.findings.items() if count),
    )


def diff(warehouse: Path, old: str, new: str, table: str | None, form: ResultFormat) -> None:
    """Print how two snapshots differ, or the differing rows of one table.

    Raises:
        UsageError: there is no such snapshot or table.
        WarehouseError: nothing is published, or a table is damaged.
    """
    # once: a build may publish another `current` meanwhile
    before, after = snapshot.folder(warehouse, old), snapshot.folder(warehouse, new)
    with snapshot.reading(before), snapshot.reading(after), _connected() as connection:
        if table is not None:
            query = differences.diff_query(before, after, table)
        else:
            query = _counts(connection, before, after)
        write_result(connection, query, form, sys.stdout.buffer)


def _counts(connection: Connection, old: Path, new: Path) -> str:
    """Return a query of how many rows of each table differ."""
    counts = [dataclasses.astuple(row) for row in differences.diff(connection, old, new)]
    connection.execute(
        "create table counts (table_name varchar, added bigint, removed bigint, changed bigint)"
    )
    connection.executemany("insert into counts values ($1, $2, $3, $4)", counts)
    return "from counts"


@contextmanager
def _connected() -> Iterator[Connection]:
    """Open DuckDB for tables of any size: it spills to a directory of its own.

    Raises:
        WarehouseError: a query found no room, in memory or where it spills.
    """
    with (
        tempfile.TemporaryDirectory(prefix="pith-etl-") as spill,
        connect(Path(spill), len(os.sched_getaffinity(0))) as connection,
        finding_room(spill),
        interruptible(connection),
    ):
        yield connection


def check(warehouse: Path, output: IO[str], *, files: bool) -> bool:
    """Audit the published snapshot, print a line a check, and return whether all pass.

    Args:
        warehouse: the warehouse.
        output: where to print.
        files: compare every file with the manifest, and look at the link to the database, too.

    Raises:
        WarehouseError: nothing is published, a table is damaged, or staging was deleted since. The
            results of `files` are printed first.
    """
    folder = snapshot.current(warehouse)
    results: list[checking.Result] = []
    if files:
        results += checking.check_files(folder)
        results += [checking.check_link(warehouse), checking.check_logs(warehouse)]
    if all(result.passed for result in results):
        try:
            results += _audited(warehouse, folder)
        except WarehouseError:
            if results:
                _print_results(output, results)
            raise
    _print_results(output, results)
    return all(result.passed for result in results)


def _audited(warehouse: Path, folder: Path) -> list[checking.Result]:
    with snapshot.reading(folder), _connected() as connection:
        checking.open_snapshot(connection, warehouse, folder)
        return [*checking.check_tables(connection), *checking.check_findings(connection)]


def check_rows(warehouse: Path, code: str, form: ResultFormat) -> bool:
    """Print the findings of one check, and return whether it passes.

    Raises:
        UsageError: there is no such check.
        WarehouseError: nothing is published, or a table is damaged.
    """
    known = {found.code: found for found in catalog.checks()}
    if code not in known:
        message = f"there is no check {code!r}; docs/findings.md lists them"
        raise UsageError(message)
    with Warehouse(warehouse) as opened, interruptible(opened.connection):
        query = f"select * from findings where code = {literal(code)}"  # noqa: S608 - a known code
        (count,) = row_of(opened.connection, f"select count(*) from ({query})")  # noqa: S608 - ours
        write_result(opened.connection, query, form, sys.stdout.buffer)
    return count == 0 or not known[code].fails


def _print_results(output: IO[str], results: Sequence[checking.Result]) -> None:
    lines = [
        ("ok" if result.passed else "FAILED", result.name, result.severity, f"{result.count:,}")
        for result in results
    ]
    print_table(output, ("", "check", "severity", "rows"), lines)
    failed = sum(not result.passed for result in results)
    output.write(f"{len(results)} checks, {failed} failed\n")
