"""`Warehouse`: the published tables, for notebooks and for the command line."""

from __future__ import annotations

import json
import os
import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from pipeline import snapshot
from pipeline.engine import Connection, engine, literal
from pipeline.errors import UsageError

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from pipeline import catalog


class TableFacts(NamedTuple):
    """A published table: its meaning, its number of rows and its columns."""

    name: str
    rows: int
    meaning: str
    columns: tuple[catalog.Column, ...]


class Warehouse:
    """The snapshot that is published at the time of opening, and no other.

    Attributes:
        path: the folder of the warehouse.
        snapshot: the folder of the snapshot.
        connection: a DuckDB connection in memory with a view of every table, and
            `previous_papers`: the papers of the snapshot before, none where there is none.
    """

    def __init__(self, path: str | os.PathLike[str] = "data/warehouse") -> None:
        """Open a warehouse.

        Raises:
            UsageError: there can be no warehouse at this place.
            WarehouseError: there is no published snapshot, or it is damaged.
        """
        self.path = Path(path).resolve()
        self.snapshot = snapshot.current(Path(path))
        self._manifest = snapshot.manifest(self.snapshot)
        self.connection: Connection = engine.connect()
        # a snapshot's files never change: their footers need to be read once only
        self.connection.execute("set parquet_metadata_cache = true")
        with snapshot.reading(self.snapshot):
            self._open_views()
            self._before = _create_previous(
                self.connection, snapshot.before(self.path, self.snapshot)
            )
        self._spill: Path | None = None

    def _open_views(self) -> None:
        """Let the views be found by their names, the quickest way that there is.

        Those in the snapshot's own database file name the place where it was made.
        """
        try:
            if self._manifest.content.place == str(self.snapshot.parent.parent):
                copy = _attach_views(self.connection, self.snapshot / snapshot.DATABASE)
                weakref.finalize(self.connection, os.close, copy)
                return
        except (OSError, engine.Error):
            pass  # the file only saves time
        from pipeline.database import create_views  # noqa: PLC0415 - mostly not needed

        create_views(self.connection, self.snapshot)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a query over the tables as a DuckDB relation."""
        import duckdb  # noqa: PLC0415, F401 - it teaches connections to make relations

        return self.connection.sql(query)

    def table(self, name: str) -> pl.LazyFrame:
        """Return a table as a polars LazyFrame.

        Raises:
            UsageError: there is no such table.
        """
        import polars  # noqa: PLC0415, ICN001 - the command line starts faster without it

        from pipeline import catalog  # noqa: PLC0415 - see above

        catalog.table(name)
        return polars.scan_parquet(snapshot.table_file(self.snapshot, name), glob=False)

    def tables(self) -> list[TableFacts]:
        """Return the catalogue: every table with its rows, meaning and columns."""
        from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

        return [
            TableFacts(table.name, self._manifest.rows[table.name], table.meaning, table.columns)
            for table in catalog.tables().values()
        ]

    def lock(self) -> None:
        """Give up everything but reading the tables, for queries by others.

        DuckDB opens no file any more but those of the tables, which nobody may write, and what
        it spills itself to a private directory, which is gone when the warehouse is closed.
        """
        # an instant is shown in UTC, wherever this runs; no Python variable is a table
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set python_enable_replacements = false")
        tables = [self.snapshot / name for name in self._manifest.files]
        files = [*tables, self._before] if self._before else tables
        paths = ", ".join(literal(str(file)) for file in files if file.suffix == ".parquet")
        self.connection.execute(f"set allowed_paths = [{paths}]")
        self._spill = _private_directory()
        # DuckDB lets queries read and write there; its own choice is in the working directory
        spill = literal(str(self._spill or ""))
        self.connection.execute(f"set temp_directory = {spill}")
        self.connection.execute("set enable_external_access = false")
        self.connection.execute("set lock_configuration = true")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        if self._spill is not None:
            # what DuckDB wrote there it has removed
            with suppress(OSError):
                self._spill.rmdir()

    def __repr__(self) -> str:
        """Return the snapshot and the tables, for a console."""
        from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

        names = ", ".join(catalog.TABLES)
        return f"<Warehouse {str(self.snapshot)!r}: {names}>"

    def _repr_html_(self) -> str:
        """Return the catalogue as HTML, which Jupyter and marimo show."""
        from html import escape  # noqa: PLC0415 - `pith-etl sql` starts faster without it

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
        """Close the connection.

        Raises:
            WarehouseError: what failed did so because a file of the snapshot is damaged.
        """
        self.close()
        snapshot.blame(self.snapshot, error)


def _attach_views(connection: Connection, file: Path) -> int:
    """Let the views of a database file be found by their names, as `create_views` does, sooner.

    What is attached is a copy in memory: DuckDB locks a file that it has open, and an analyst
    may open that very one to write. What is created on the connection is not created there.

    Returns:
        the descriptor of the copy, to be closed after the connection and not sooner: DuckDB
        lets queries read the file of that name.

    Raises:
        OSError: the file cannot be read.
        duckdb.Error: it is no database.
    """
    copy = os.memfd_create(file.name)
    try:
        with open(copy, "wb", closefd=False) as target:
            target.write(file.read_bytes())
        connection.execute(f"attach '/proc/self/fd/{copy}' as pith (read_only)")
    except BaseException:
        os.close(copy)
        raise
    connection.execute("set search_path = 'memory,pith'")
    return copy


def _create_previous(connection: Connection, older: Path | None) -> Path | None:
    """Let `previous_papers` be those of an older snapshot; return their file.

    Where there are none it is empty, with the columns of `papers`.
    """
    view = "create temp view previous_papers as from"
    if older is not None:
        file = snapshot.table_file(older, "papers")
        try:
            connection.execute(f"{view} read_parquet({literal(str(file))})")
        except engine.Error:
            pass  # a broken file of the past is no reason not to read the present
        else:
            return file
    connection.execute(f"{view} papers limit 0")
    return None


def _private_directory() -> Path | None:
    """Make a directory for this process alone; None where there is no place for one."""
    # the module `tempfile` takes longer to import than many a query takes
    name = f"pith-etl-{os.getpid()}-{os.urandom(8).hex()}"
    path = Path(os.environ.get("TMPDIR") or "/tmp", name).absolute()  # noqa: S108 - nobody guesses it
    try:
        path.mkdir(mode=0o700)
    except OSError:
        return None
    return path


#: `explain`, with its options, before a query. Between them stand plain words alone: in a
#: comment or a quoted text DuckDB may see the query begin elsewhere.
_EXPLAIN = re.compile(
    r"(?P<explain>\s*explain(?:\s+analy[sz]e)?(?:\s*\([\w\s,]*\))?)(?P<query>[\s(].*)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


#: The operators and table functions that the plan of a query may hold. Others write, which a COPY
#: does even within a WITH, run a query that no plan shows, or change how DuckDB works; and each
#: version brings new ones.
_READS = frozenset(
    (  # noqa: SIM905 - one a line they would fill a page
        "asof_join blockwise_nl_join delim_join hash_join ie_join left_delim_join "
        "nested_loop_join piecewise_merge_join positional_join right_delim_join cross_product "
        "union cte rec_cte recursive_key_join chunk_scan column_data_scan cte_scan delim_scan "
        "dummy_scan expression_scan positional_scan rec_cte_scan seq_scan table_scan projection "
        "filter limit limit_percent streaming_limit window streaming_window order_by top_n "
        "hash_group_by perfect_hash_group_by partitioned_aggregate ungrouped_aggregate pivot "
        "empty_result reservoir_sample streaming_sample unnest inout_function read_parquet "
        "parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_metadata "
        "parquet_schema generate_series range repeat repeat_row json_each json_tree parquet_scan "
        "pragma_show pragma_table_info pragma_version duckdb_columns duckdb_constraints "
        "duckdb_databases duckdb_dependencies duckdb_functions duckdb_indexes duckdb_keywords "
        "duckdb_schemas duckdb_sequences duckdb_settings duckdb_tables duckdb_types duckdb_views "
    ).split()
)


def read_only(
    connection: Connection, query: str, values: Mapping[str, object] | None = None
) -> str:
    """Return a query as it is to be run, if it is one statement that only reads.

    DuckDB may write wherever it may read, so that anything but a query is refused here and not
    left to the file system. What comes back is a subquery, or `explain` of one: whatever was
    overlooked here, DuckDB's own grammar lets nothing but a query stand there, not even a WITH
    that writes.

    Args:
        connection: where the tables are; the query is planned there, and not run.
        query: what was asked.
        values: what is to be bound to its `$name`s.

    Raises:
        UsageError: it is something else.
        duckdb.Error: DuckDB cannot parse or plan it.
    """
    query, kind = _statement(connection, query)
    explain = ""
    if kind == engine.StatementType.EXPLAIN and (match := _EXPLAIN.fullmatch(query)):
        explain = f"{match['explain']} "
        query, kind = _statement(connection, match["query"])
    _only_select(kind)
    # a subquery's columns have each a name of its own, too
    query, kind = _statement(connection, f"from ({query}\n)")
    _only_select(kind)
    plan = connection.execute(f"explain (format json) {query}", values).fetchall()
    for operator in _operators(json.loads(plan[0][1])):
        if (name := operator.strip().lower()) not in _READS:
            message = f"only queries of the tables can be run; {name} is nothing that they may use"
            raise UsageError(message)
    return explain + query


def _only_select(kind: engine.StatementType) -> None:
    """Refuse what is no query."""
    if kind == engine.StatementType.SELECT:
        return
    message = f"only queries can be run; this is {kind.name.lower()}"
    if kind == engine.StatementType.EXPLAIN:
        message = "only EXPLAIN [ANALYZE] [(FORMAT format)] can stand before a query, no comment"
    if kind == engine.StatementType.MULTI:
        message = "only single queries can be run; a PIVOT must name its values: ON x IN (...)"
    raise UsageError(message)


def _statement(connection: Connection, query: str) -> tuple[str, engine.StatementType]:
    """Return the only statement of a query, without what follows it, and its kind."""
    try:
        query.encode()
    except UnicodeEncodeError:
        message = "the query is not UTF-8"
        raise UsageError(message) from None
    # the module's own function would open another database to parse it
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        message = f"one query is expected, not {len(statements)} statements"
        raise UsageError(message)
    text = statements[0].query
    # the offsets count bytes
    data = text.encode()
    for offset, kind in reversed(engine.tokenize(text)):
        if kind != engine.token_type.comment and data[offset:].strip() != b";":
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
