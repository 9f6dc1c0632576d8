"""What the commands of the command line do."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import duckdb

from pipeline import catalog, checking, operate, snapshot
from pipeline.errors import UsageError
from pipeline.model import literal
from pipeline.render import print_table, safe, write_result
from pipeline.search import RESULTS, find
from pipeline.warehouse import Warehouse, read_only


def sql(
    query: str,
    warehouse: Path,
    form: str,
    output: Path | None,
    values: Mapping[str, object] | None = None,
) -> None:
    """Write the result of a query to a file or to standard output.

    `values` are bound to the query's `$name`s.

    Raises:
        UsageError: the query is wrong, or does more than read the tables.
        WarehouseError: nothing is published.
    """
    with Warehouse(warehouse) as opened:
        opened.lock()
        try:
            query = read_only(opened.connection, query, values)
            with _output(output, form) as stream:
                write_result(opened.connection, query, form, stream, values)
        except duckdb.Error as error:
            # the message may quote a value, and those are the attacker's
            raise UsageError(safe(str(error))) from None


def search(text: str, limit: int, warehouse: Path, form: str) -> None:
    """Write the papers that hold the words of a text to standard output, the best first.

    Raises:
        UsageError: Parquet is asked for on a terminal.
        WarehouseError: nothing is published, or the search index does not work.
    """
    with Warehouse(warehouse) as opened:
        hits = find(opened, text, limit)
        with _output(None, form) as stream:
            write_result(opened.connection, RESULTS, form, stream, hits)


@contextlib.contextmanager
def _output(path: Path | None, form: str) -> Iterator[IO[bytes]]:
    if path is None:
        if form == "parquet" and sys.stdout.isatty():
            message = "Parquet is not for a terminal; name a file by --output"
            raise UsageError(message)
        yield sys.stdout.buffer
        return
    # written aside, so that a failing query leaves what was there; a device has no aside
    regular = path.is_file() or not path.exists()
    target = path.resolve() if regular else path
    aside = target.with_name(f".{target.name}-{os.getpid()}") if regular else path
    try:
        stream = aside.open("wb")
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise UsageError(message) from None
    try:
        with stream:
            yield stream
        if regular:
            aside.replace(target)
    finally:
        if regular:
            aside.unlink(missing_ok=True)


def tables(name: str | None, warehouse: Path, output: IO[str]) -> None:
    """Print the catalogue, or the columns of one table.

    Raises:
        UsageError: there is no such table.
        WarehouseError: nothing is published.
    """
    if name is not None:
        catalog.table(name)
    with Warehouse(warehouse) as opened:
        found = opened.tables()
    if name is None:
        rows = [(table.name, f"{table.rows:,}", table.meaning) for table in found]
        print_table(output, ("table", "rows", "meaning"), rows)
        return
    table = next(table for table in found if table.name == name)
    output.write(f"{table.name}: {table.meaning} {table.rows:,} rows.\n")
    columns = [
        (column.name, column.type, column.evidence, column.meaning) for column in table.columns
    ]
    print_table(output, ("column", "type", "evidence", "meaning"), columns)


def history(warehouse: Path, output: IO[str]) -> None:
    """Print the snapshots, the newest first, and what changed in each.

    Raises:
        WarehouseError: nothing is published.
    """
    names = ("snapshot", "documents", "added", "changed", "gone", "refused", "papers", "findings")
    print_table(output, names, [_history(kept) for kept in operate.history(warehouse)])


def _history(kept: operate.Kept) -> tuple[str, ...]:
    name = kept.name + (" (published)" if kept.published else "")
    manifest = kept.manifest
    if manifest is None:
        return (name, *[""] * 6, "its manifest is broken, or of another version of pith-etl")
    return (
        name,
        f"{sum(manifest.documents.values()):,}",
        *(f"{manifest.changes[name]:,}" for name in ("added", "changed", "gone")),
        f"{manifest.refused:,}",
        f"{manifest.rows['papers']:,}",
        ", ".join(f"{count:,} {name}" for name, count in manifest.findings.items() if count),
    )


def diff(warehouse: Path, old: str, new: str, table: str | None, form: str) -> None:
    """Print how two snapshots differ, or the differing rows of one table.

    Raises:
        UsageError: there is no such snapshot or table.
        WarehouseError: nothing is published.
    """
    with duckdb.connect() as connection:
        if table is not None:
            query = operate.diff_query(connection, warehouse, old, new, table)
        else:
            counts = [dataclasses.astuple(row) for row in operate.diff(warehouse, old, new)]
            connection.execute(
                "create table counts ("
                "table_name varchar, added bigint, removed bigint, changed bigint)"
            )
            connection.executemany("insert into counts values ($1, $2, $3, $4)", counts)
            query = "from counts"
        write_result(connection, query, form, sys.stdout.buffer)


def check(warehouse: Path, rows: str | None, output: IO[str], *, files: bool) -> bool:
    """Audit the published snapshot, print a line a check, and return whether all pass.

    Args:
        warehouse: the warehouse.
        rows: the code of a check whose findings are printed instead of the other checks.
        output: where to print.
        files: compare every file with the manifest, too.

    Raises:
        UsageError: there is no such check.
        WarehouseError: nothing is published, or staging was deleted since.
    """
    folder = snapshot.current(warehouse)
    if rows is not None:
        return _check_rows(warehouse, rows)
    results = list(checking.check_files(folder)) if files else []
    if not all(result.passed for result in results):
        _print_results(output, results)
        return False
    with duckdb.connect() as connection:
        checking.open_snapshot(connection, warehouse, folder)
        results += checking.check_tables(connection)
        results += checking.check_findings(connection)
    _print_results(output, results)
    return all(result.passed for result in results)


def _check_rows(warehouse: Path, code: str) -> bool:
    known = {found.code: found for found in catalog.checks()}
    if code not in known:
        message = f"there is no check {code!r}; docs/findings.md lists them"
        raise UsageError(message)
    with Warehouse(warehouse) as opened:
        query = f"select * from findings where code = {literal(code)}"  # noqa: S608 - a known code
        count = len(opened.connection.execute(query).fetchall())
        write_result(opened.connection, query, "table", sys.stdout.buffer)
    return count == 0 or known[code].severity in ("warning", "info")


def _print_results(output: IO[str], results: Sequence[checking.Result]) -> None:
    lines = [
        ("ok" if result.passed else "FAILED", result.name, result.severity, f"{result.count:,}")
        for result in results
    ]
    print_table(output, ("", "check", "severity", "rows"), lines)
