"""`Warehouse`: the published tables, for notebooks and for the command line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import duckdb

from pipeline import catalog, snapshot
from pipeline.database import create_previous, create_views
from pipeline.duck import Connection, literal
from pipeline.errors import UsageError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A published table: its meaning, its number of rows and its columns."""

    name: str
    rows: int
    meaning: str
    columns: tuple[catalog.Column, ...]


class Warehouse:
    """The snapshot that is published at the time of opening, and no other.

    Attributes:
        snapshot: the folder of the snapshot.
        connection: a DuckDB connection in memory with a view of every table, and
            `previous_papers`: the papers of the snapshot before, none where there is none.
    """

    def __init__(self, path: str | os.PathLike[str] = "data/warehouse") -> None:
        """Open a warehouse.

        Raises:
            WarehouseError: there is no published snapshot.
        """
        self.snapshot = snapshot.current(Path(path))
        self.connection: Connection = duckdb.connect()
        create_views(self.connection, self.snapshot)
        self._readable = [self.snapshot]
        before = snapshot.before(self.snapshot)
        if before is not None and create_previous(self.connection, before):
            self._readable.append(before / "papers")

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a query over the tables as a DuckDB relation."""
        return self.connection.sql(query)

    def table(self, name: str) -> pl.LazyFrame:
        """Return a table as a polars LazyFrame.

        Raises:
            UsageError: there is no such table.
        """
        import polars  # noqa: PLC0415, ICN001 - the command line starts faster without it

        catalog.table(name)
        return polars.scan_parquet(self.snapshot / name / "*.parquet", glob=True)

    def tables(self) -> list[TableFacts]:
        """Return the catalogue: every table with its rows, meaning and columns."""
        return [
            TableFacts(table.name, self._count(table.name), table.meaning, table.columns)
            for table in catalog.tables().values()
        ]

    def lock(self) -> None:
        """Give up everything but reading the tables, for queries by others."""
        # an instant is shown in UTC, wherever this runs; no Python variable is a table
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set python_enable_replacements = false")
        folders = ", ".join(literal(f"{folder}/") for folder in self._readable)
        self.connection.execute(f"set allowed_directories = [{folders}]")
        self.connection.execute("set enable_external_access = false")
        self.connection.execute("set lock_configuration = true")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __repr__(self) -> str:
        """Return the snapshot and the tables, for a console."""
        names = ", ".join(catalog.TABLES)
        return f"<Warehouse {str(self.snapshot)!r}: {names}>"

    def _repr_html_(self) -> str:
        """Return the catalogue as HTML, which Jupyter and marimo show."""
        rows = "".join(
            f"<tr><td><code>{escape(table.name)}</code></td>"
            f'<td style="text-align: right">{table.rows:,}</td>'
            f'<td style="text-align: left; padding-left: 1em">{escape(table.meaning)}</td></tr>'
            for table in self.tables()
        )
        return (
            f"<table><caption>Warehouse <code>{escape(str(self.snapshot))}</code></caption>"
            f"<thead><tr><th>table</th><th>rows</th><th>meaning</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def _count(self, name: str) -> int:
        import pyarrow.parquet as pq  # noqa: PLC0415 - only the catalogue needs it

        files = (self.snapshot / name).glob("*.parquet")
        return sum(pq.read_metadata(file).num_rows for file in files)


#: `explain`, with its options, before a statement that it may not hide.
_EXPLAIN = re.compile(
    r"\s*explain(?:\s+analy[sz]e|\s*\([^)]*\))?\s(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)


#: Operators of a plan that write, or that run what no plan shows: DuckDB takes a COPY for a
#: query when it stands in a WITH, and JSON for a query that was serialised.
_WRITES = re.compile(r"COPY|INSERT|UPDATE|DELETE|MERGE|JSON_EXECUTE")


def read_only(
    connection: Connection, query: str, values: Mapping[str, object] | None = None
) -> str:
    """Return a query, without what follows it, if it is one statement that only reads.

    DuckDB may write wherever it may read, so that anything but a query is refused here and
    not left to the file system.

    Args:
        connection: where the tables are; the query is planned there, and not run.
        query: what was asked.
        values: what is to be bound to its `$name`s.

    Raises:
        UsageError: it is something else.
        duckdb.Error: DuckDB cannot parse or plan it.
    """
    query, kind = _statement(query)
    match = _EXPLAIN.match(query) if kind == duckdb.StatementType.EXPLAIN else None
    if match:
        read_only(connection, match["rest"], values)
        return query
    if kind != duckdb.StatementType.SELECT:
        message = f"only queries can be run; this is {kind.name.lower()}"
        if kind == duckdb.StatementType.MULTI:
            message = "only single queries can be run; a PIVOT must name its values: ON x IN (...)"
        raise UsageError(message)
    plan = connection.execute(f"explain (format json) {query}", values).fetchall()
    for operator in _operators(json.loads(plan[0][1])):
        if _WRITES.search(operator):
            message = f"only queries can be run; this would {operator.lower()}"
            raise UsageError(message)
    return query


def _statement(query: str) -> tuple[str, duckdb.StatementType]:
    """Return the only statement of a query, without what follows it, and its kind."""
    try:
        query.encode()
    except UnicodeEncodeError:
        message = "the query is not UTF-8"
        raise UsageError(message) from None
    statements = duckdb.extract_statements(query)
    if len(statements) != 1:
        message = f"one query is expected, not {len(statements)} statements"
        raise UsageError(message)
    text = statements[0].query
    # the offsets count bytes
    data = text.encode()
    for offset, kind in reversed(duckdb.tokenize(text)):
        if kind != duckdb.token_type.comment and data[offset:].strip() != b";":
            break
        data = data[:offset].rstrip()
    return data.decode(), statements[0].type


def _operators(plan: object) -> Iterator[str]:
    """Yield the names of all operators of a plan."""
    if isinstance(plan, dict):
        if isinstance(plan.get("name"), str):
            yield plan["name"]
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _operators(part)
