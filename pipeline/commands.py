"""What the commands of the command line do."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import duckdb
import msgspec

from pipeline import catalog
from pipeline.build import Order
from pipeline.build import build as run_build
from pipeline.errors import UsageError
from pipeline.keyring import load
from pipeline.progress import progress
from pipeline.render import print_table, safe, write_result
from pipeline.resources import default_keyring
from pipeline.runs import Summary
from pipeline.warehouse import Warehouse, read_only


def build(
    sources: tuple[str, ...],
    warehouse: Path,
    keyring: Path | None,
    workers: int | None,
    mode: str,
) -> Summary:
    """Build and publish; see `pipeline.build.build`. `mode` is that of `progress`."""
    order = Order(
        sources=sources,
        warehouse=warehouse,
        keyring=load(keyring or default_keyring()),
        workers=workers or len(os.sched_getaffinity(0)),
    )
    with progress(mode) as update:
        return run_build(order, update)


def as_json(summary: Summary) -> str:
    """Return the summary of a build as one JSON object."""
    return msgspec.json.encode(dataclasses.asdict(summary)).decode()


def as_text(summary: Summary) -> str:
    """Return the summary of a build for a person, ending with what to try next."""
    total = sum(summary.seconds.values())
    documents = sum(summary.documents.values())
    rows = [f"  {name:<14}{count:>12,}" for name, count in summary.rows.items()]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in summary.documents.items())
    findings = ", ".join(f"{count:,} {name}" for name, count in summary.findings.items())
    times = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in summary.seconds.items())
    query = "select pith_number, title, receipt_status, title_status from papers limit 5"
    option = "" if summary.warehouse == "data/warehouse" else f" --warehouse {summary.warehouse}"
    return "\n".join(
        [
            f"{documents:,} documents in {summary.files:,} files: {kinds or 'none'}",
            f"{summary.staged:,} newly parsed and verified, the others were known",
            *(
                [f"{summary.extra_fields:,} fields without a column, kept in documents.extra"]
                if summary.extra_fields
                else []
            ),
            "rows:",
            *rows,
            f"findings: {findings}",
            f"time: {total:.2f} s ({times})",
            f"published: {safe(summary.warehouse)}/snapshots/{summary.snapshot}",
            "",
            f'try: pith-etl sql "{query}"{safe(option)}',
        ]
    )


def sql(query: str, warehouse: Path, form: str, output: Path | None) -> None:
    """Write the result of a query to a file or to standard output.

    Raises:
        UsageError: the query is wrong, or does more than read the tables.
        WarehouseError: nothing is published.
    """
    with Warehouse(warehouse) as opened:
        opened.lock()
        query = read_only(query)
        try:
            with _output(output, form) as stream:
                write_result(opened.connection, query, form, stream)
        except duckdb.Error as error:
            # the message may quote a value, and those are the attacker's
            raise UsageError(safe(str(error))) from None


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
