"""The audit of a published snapshot: its files, its keys, and every check once more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import catalog, session
from pipeline.documents.keyring import Keyring, PinnedKey
from pipeline.duck import Connection, parquet, quote, row_of
from pipeline.errors import WarehouseError
from pipeline.model import audit, incremental, tables
from pipeline.runner import part_store
from pipeline.vocabulary import Severity
from pipeline.warehouse import snapshot


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a check: its name, its severity, the number of findings, whether it passes."""

    name: str
    severity: Severity
    count: int
    passed: bool


def check_files(folder: Path) -> Iterator[Result]:
    """Yield, for each file of a snapshot, whether it is as the manifest says."""
    damaged = snapshot.damaged(folder)
    for name in snapshot.manifest(folder).files:
        same = name not in damaged
        yield Result(f"file {name}", Severity.ERROR, 0 if same else 1, same)


def check_link(warehouse: Path) -> Result:
    """Return whether `pith.duckdb` leads to the published snapshot."""
    linked = snapshot.is_linked(warehouse)
    return Result(f"link {snapshot.DATABASE}", Severity.ERROR, 0 if linked else 1, linked)


def check_logs(warehouse: Path) -> Result:
    """Return whether `pith.duckdb` has no log of a writing client; readers would replay it."""
    count = len(snapshot.stray_logs(warehouse))
    return Result(f"no {snapshot.DATABASE}.wal", Severity.ERROR, count, count == 0)


def check_tables(connection: Connection) -> Iterator[Result]:
    """Yield, for each table, how many rows repeat the key of another."""
    for table in catalog.tables().values():
        name, key = quote(table.name), ", ".join(map(quote, table.key))
        # rows are counted, because `count(distinct ...)` leaves out a key that is null
        different = f"select count(*) from (select distinct {key} from {name})"  # noqa: S608 - our own names
        (count,) = row_of(connection, f"select count(*) - ({different}) from {name}")  # noqa: S608 - our own names
        yield Result(f"key of {table.name}", Severity.ERROR, count, count == 0)


def check_findings(connection: Connection) -> Iterator[Result]:
    """Run every check again over the relations of `open_snapshot`; yield the result of each.

    A check passes if it finds nothing worse than a warning, and as many findings as were published.
    """
    published = dict(
        connection.execute(
            "select code, sum(occurrences)::bigint from findings group by code"
        ).fetchall()
    )
    audit.collect(connection, len(os.sched_getaffinity(0)), catalog.checks())
    findings = catalog.model_sql("findings")
    counted = f"select code, sum(occurrences)::bigint from ({findings}) group by code"  # noqa: S608 - our own SQL
    found = dict(connection.execute(counted, audit.PARAMETERS).fetchall())
    for check in catalog.checks():
        count = found.get(check.code, 0)
        good = count == 0 or not check.fails
        yield Result(
            check.code, check.severity, count, good and count == published.get(check.code, 0)
        )


def open_snapshot(connection: Connection, warehouse: Path, folder: Path) -> None:
    """Create the relations that the checks read, from the snapshot and from staging.

    Raises:
        WarehouseError: staging does not hold the documents of this snapshot any more, or is
            damaged.
    """
    for name in catalog.tables():
        files = snapshot.table_files(folder, name)
        connection.execute(f"create view {quote(name)} as from {parquet(files)}")
    parts = part_store.parts(warehouse / "staging")
    if damaged := part_store.damaged(parts):
        message = f"{damaged[0].path} is not as it was written; build again"
        raise WarehouseError(message)
    tables.part_views(connection, parts)
    inputs = session.query("published_inputs")
    connection.execute(f"create table inputs as {inputs}")
    lacks = "select count(*) from inputs where sha256 is not null and doc is null"
    (missing,) = row_of(connection, lacks)
    if missing:
        message = (
            f"staging in {warehouse} lacks {missing} documents of the published snapshot, "
            "without which all but its files cannot be checked; the next build fills it"
        )
        raise WarehouseError(message)
    keyring = _keyring(connection)
    tables.locate(connection, keyring)
    tables.stage_views(connection, parts, keyring)
    # the snapshot is judged whole
    incremental.everything(connection)
    tables.build_intermediate(connection)
    for name in ("document_grades", "carried_keys"):
        session.create_view(connection, name)


def _keyring(connection: Connection) -> Keyring:
    """Return the pinned keys as the snapshot published them."""
    rows = connection.execute(session.query("published_keys")).fetchall()
    return Keyring(tuple(PinnedKey(*row) for row in rows))
