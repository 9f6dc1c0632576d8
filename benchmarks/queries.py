"""Warm queries over a warehouse, against the same over DuckDB's own tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipeline import Warehouse, catalog

#: Name to query; `$1` is an identifier out of the middle of the warehouse.
QUERIES = {
    "resolve an alias": "select pith_number from aliases where value = $1",
    "one paper's events": "select event_id, event_type from events where pith_number = "
    "(select pith_number from aliases where value = $1 limit 1)",
    "papers a year and category": "select year(submitted_at), primary_cat, count(*) from papers "
    "where $1 <> '' group by all",
    "most cited": "select cited_pith_number, count(*) from citations where $1 <> '' "
    "group by all order by 2 desc limit 10",
    "failed signatures": "select kind, status, count(*) from signatures "
    "where status <> 'valid' and $1 <> '' group by all",
    "titles like": "select pith_number from papers where title ilike '%entropy%' and $1 <> ''",
}

#: A warm query is run this often, and the fastest counts.
_TIMES = 7


def compare(warehouse: Path) -> Iterator[tuple[str, float, float]]:
    """Yield (name, seconds through the catalogue, seconds over native tables)."""
    with Warehouse(warehouse) as opened, duckdb.connect() as native:
        for name in catalog.tables():
            files = f"{opened.snapshot}/{name}/*.parquet"
            native.execute(f"create table {name} as from read_parquet('{files}')")
        (middle,) = native.execute(
            "select value from aliases where kind = 'arxiv' "
            "limit 1 offset (select count(*) // 12 from aliases)"
        ).fetchall()
        for name, query in QUERIES.items():
            values = [middle[0]]
            yield name, _warm(opened.connection, query, values), _warm(native, query, values)


def _warm(connection: duckdb.DuckDBPyConnection, query: str, values: list[str]) -> float:
    times = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        connection.execute(query, values).fetchall()
        times.append(time.perf_counter() - started)
    return min(times)
