"""The data of the report: the queries of `sql/report/`, one a section."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine import literal, records
from pipeline.errors import WarehouseError
from pipeline.interrupts import interruptible
from pipeline.resources import sql, sql_dir
from pipeline.warehouse.reader import Warehouse
from pipeline.warehouse.snapshot import Manifest, before, manifest

Row = dict[str, Any]

#: The first findings that the snapshot before does not have, and how many there are.
_NEW_FINDINGS = (
    f"select *, count(*) over () as total from ({sql('queries', 'new_findings')}) limit 20"  # noqa: S608 - our own SQL
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The data of a snapshot.

    Attributes:
        manifest: its manifest.
        before: that of the snapshot before, if there is one that can be read.
        rows: the rows of each query by the query's name.
    """

    manifest: Manifest
    before: Manifest | None
    rows: dict[str, list[Row]]


def read(path: Path) -> Figures:
    """Run every query of the report over the published snapshot of a warehouse.

    Raises:
        WarehouseError: nothing is published.
    """
    names = sorted(file.stem for file in (sql_dir() / "report").glob("*.sql"))
    with Warehouse(path) as warehouse, interruptible(warehouse.connection):
        # counting millions of findings may spill to disk instead of taking more memory than a build
        warehouse.connection.execute("set memory_limit = '1GB'")
        warehouse.connection.execute(f"set variable snapshot = {literal(warehouse.snapshot.name)}")
        warehouse.lock()
        rows = {name: records(warehouse.connection, sql("report", name)) for name in names}
        rows["new_findings"] = records(warehouse.connection, _NEW_FINDINGS)
        return Figures(manifest(warehouse.snapshot), _before(warehouse), rows)


def _before(warehouse: Warehouse) -> Manifest | None:
    older = before(warehouse.path, warehouse.snapshot)
    try:
        return manifest(older) if older else None
    except WarehouseError:
        return None  # what cannot be read of an older snapshot ends no report
