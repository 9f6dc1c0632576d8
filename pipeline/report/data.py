"""What the report shows: the queries of `sql/report/`, one a section."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.resources import sql_dir
from pipeline.snapshot import Manifest, manifest
from pipeline.warehouse import Warehouse

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a snapshot tells: its manifest, and the rows of each query by the query's name."""

    manifest: Manifest
    rows: dict[str, list[Row]]


def read(path: Path) -> Figures:
    """Run every query of the report over the published snapshot of a warehouse.

    Raises:
        WarehouseError: nothing is published.
    """
    queries = sorted((sql_dir() / "report").glob("*.sql"))
    with Warehouse(path) as warehouse:
        # millions of findings are counted on disk rather than in more memory than a build has
        warehouse.connection.execute("set memory_limit = '1GB'")
        warehouse.lock()
        rows = {query.stem: _rows(warehouse, query.read_text("utf-8")) for query in queries}
        return Figures(manifest(warehouse.snapshot), rows)


def _rows(warehouse: Warehouse, sql: str) -> list[Row]:
    cursor = warehouse.connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
