"""`Warehouse`: the published tables, for notebooks and for the command line."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from pipeline.engine import Connection, engine, literal, parquet, quote
from pipeline.errors import WarehouseError
from pipeline.warehouse import snapshot

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from pipeline import catalog
    from pipeline.warehouse.html import Listing
    from pipeline.warehouse.papers import Paper


class TableFacts(NamedTuple):
    """A table or a view: its meaning, its columns, and a table's number of rows."""

    name: str
    rows: int | None
    meaning: str
    columns: tuple[catalog.Column, ...]

    @property
    def size(self) -> str:
        """The number of rows as people read it, or `view`."""
        return "view" if self.rows is None else f"{self.rows:,}"


class Warehouse:
    """A snapshot: the one published at the time of opening, or an older one by its name.

    A snapshot never changes; what is published later needs a new `Warehouse`. Results are DuckDB
    relations (`.pl()`, `.df()`, `.to_arrow_table()`, `.fetchall()`), but where a method says
    otherwise. DuckDB raises `duckdb.Error` for a wrong query; all other errors are
    `pipeline.PithEtlError`.

    Attributes:
        path: the folder of the warehouse.
        snapshot: the folder of the snapshot.
        connection: a DuckDB connection in memory with the tables, the views and the macro
            `resolve`, and `previous_papers` and `previous_findings`: these tables of the snapshot
            before, if there is one.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, snapshot_name: str = "current"
    ) -> None:
        """Open a warehouse.

        Args:
            path: its folder; `~` is the home directory. Or the address where `pith-etl publish` put
                it, as `s3://bucket/prefix`: its tables are copied into the cache of this user.
                Without one it is what the environment variable PITH_ETL_WAREHOUSE names, or else
                `data/warehouse`.
            snapshot_name: one of `snapshots`.

        Raises:
            UsageError: a warehouse cannot stand at this place, or has no such snapshot.
            WarehouseError: there is no published snapshot, or it is damaged.
        """
        named = path or os.environ.get("PITH_ETL_WAREHOUSE") or "data/warehouse"
        given = _folder(os.fspath(named))
        self.path = given.resolve()
        self.snapshot = snapshot.folder(given, snapshot_name)
        self._manifest = snapshot.manifest(self.snapshot)
        self.connection: Connection = engine.connect()
        # a snapshot's files never change: their footers need to be read once only
        self.connection.execute("set parquet_metadata_cache = true")
        with snapshot.reading(self.snapshot):
            self._open_views()
            older = snapshot.before(self.path, self.snapshot)
            self._before = [
                file
                for table in ("papers", "findings")
                for file in _create_previous(self.connection, table, older)
            ]
        self._spill: Path | None = None

    def _open_views(self) -> None:
        """Make the views available by their names, in the quickest way.

        The views in the snapshot's own database file name the place where the snapshot was made.
        """
        try:
            if self._manifest.content.place == str(self.snapshot.parent.parent):
                copy = _attach_views(self.connection, self.snapshot / snapshot.DATABASE)
                weakref.finalize(self.connection, os.close, copy)
                return
        except (OSError, engine.Error):
            pass  # the file only saves time
        from pipeline.warehouse.views import create_views  # noqa: PLC0415 - mostly not needed

        create_views(self.connection, self.snapshot)

    def sql(
        self, query: str, params: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Return a query over the tables; `params` are bound to its `$name`s."""
        import duckdb  # noqa: PLC0415, F401 - the import lets connections make relations

        return self.connection.sql(query, params=params)

    def __getitem__(self, name: str) -> duckdb.DuckDBPyRelation:
        """Return a table or a view, as `warehouse["papers"]`.

        Raises:
            UsageError: there is no such table or view.
        """
        return self.sql(f"from {quote(_relation(name).name)}")

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the tables and the views."""
        from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

        yield from catalog.relations()

    def table(self, name: str) -> pl.LazyFrame:
        """Return a table as a polars LazyFrame; of a view, DuckDB has computed the rows.

        Raises:
            UsageError: there is no such table or view.
        """
        import polars  # noqa: PLC0415, ICN001 - the command line starts faster without it

        if _relation(name).is_view:
            return _frame(self[name]).lazy()
        return polars.scan_parquet(snapshot.table_files(self.snapshot, name), glob=False)

    def tables(self) -> list[TableFacts]:
        """Return the catalogue: every table and view with its meaning and columns."""
        from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

        rows = self._manifest.rows
        return [
            TableFacts(name, rows.get(name), table.meaning, table.columns)
            for name, table in catalog.relations().items()
        ]

    def query(self, name: str, /, **values: object) -> duckdb.DuckDBPyRelation:
        """Return the answer of a worked example, as `query("most_cited", rows=5)`.

        `pith-etl queries` lists the examples with their parameters.

        Raises:
            UsageError: there is no such example, or it has no such parameter.
        """
        from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

        return self.sql(*catalog.bound(name, values))

    def findings(self, severity: str = "") -> Listing:
        """Return how often each kind of finding occurs, the worst first, to be shown.

        Args:
            severity: only critical, error, warning or info.
        """
        return self._listing("Findings", "worst_findings", severity=severity)

    def trust(self) -> Listing:
        """Return how far the papers can be trusted, and why not further, to be shown."""
        return self._listing("Trust", "trust_summary")

    def _listing(self, caption: str, query: str, **values: object) -> Listing:
        from pipeline.warehouse.html import Listing  # noqa: PLC0415 - a command needs none

        found = self.query(query, **values)
        return Listing(caption, found.columns, found.fetchall())

    def search(self, words: str, limit: int = 20) -> duckdb.DuckDBPyRelation:
        """Return the papers that hold all of these words, the best first, as `pith-etl search`.

        Raises:
            WarehouseError: the search index cannot be written.
        """
        from pipeline.warehouse import search  # noqa: PLC0415 - most need no search

        return self.sql(search.RESULTS, {**search.find(self, words, limit)})

    def resolve(self, identifier: str) -> list[str]:
        """Return the Pith numbers that an identifier names, the proven first."""
        rows = self.connection.execute("from resolve($id)", {"id": identifier}).fetchall()
        return [number for (number,) in rows]

    def paper(self, identifier: str) -> Paper:
        """Return all that is known of a paper, as `pith-etl show`.

        Of several papers that the identifier names, such as the versions of a work, it is the
        newest that a receipt vouches for.

        Raises:
            UnknownPaperError: no paper has this name.
        """
        from pipeline.warehouse import papers  # noqa: PLC0415 - most need no paper

        return papers.find(self.connection, identifier)[0][0]

    def snapshots(self) -> list[str]:
        """Return the names of the snapshots that are kept, the newest first."""
        return [folder.name for folder in snapshot.finished(self.path)]

    def at(self, name: str) -> Warehouse:
        """Return another of the `snapshots`, opened.

        Raises:
            UsageError: there is no such snapshot.
            WarehouseError: it is broken.
        """
        return Warehouse(self.path, name)

    def diff(self, old: str, new: str = "current", table: str | None = None) -> pl.DataFrame:
        """Return how two of the `snapshots` differ, as `pith-etl diff`.

        It is a row for each table with its counts. Of one `table` it is its rows that differ:
        `change`, `changed_columns`, the row in NEW, and in `before` the row of OLD, as a struct.

        Raises:
            UsageError: there is no such snapshot or table.
            WarehouseError: a table is damaged.
        """
        import polars  # noqa: PLC0415, ICN001 - the command line starts faster without it

        from pipeline.warehouse import differences  # noqa: PLC0415 - most need no difference

        before, after = snapshot.folder(self.path, old), snapshot.folder(self.path, new)
        with snapshot.reading(before), snapshot.reading(after):
            if table is not None:
                return _frame(self.sql(differences.diff_query(before, after, table)))
            return polars.DataFrame([*differences.diff(self.connection, before, after)])

    def lock(self) -> None:
        """Allow only reading the tables from now on, for queries by strangers.

        DuckDB opens only the files of the tables, which are read-only, and its own spill files in a
        private directory. Closing the warehouse removes that directory.
        """
        # an instant is shown in UTC, wherever this runs; no Python variable is a table
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set python_enable_replacements = false")
        tables = [self.snapshot / name for name in self._manifest.files]
        files = [*tables, *self._before]
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
            # DuckDB has removed its files there
            with suppress(OSError):
                self._spill.rmdir()

    def __repr__(self) -> str:
        """Return the snapshot, the tables and the views, for a console."""
        return f"<Warehouse {str(self.snapshot)!r}: {', '.join(self)}>"

    def _ipython_key_completions_(self) -> list[str]:
        """Return what IPython offers after `warehouse["`."""
        return list(self)

    def _repr_html_(self) -> str:
        """Return the catalogue as HTML, which Jupyter and marimo show."""
        from pipeline.warehouse.html import Listing  # noqa: PLC0415 - a command needs none

        rows = [(table.name, table.size, table.meaning) for table in self.tables()]
        listing = Listing(f"Warehouse {self.snapshot}", ("table", "rows", "meaning"), rows)
        return listing._repr_html_()

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
            WarehouseError: the block failed because a file of the snapshot is damaged.
        """
        self.close()
        snapshot.raise_if_damaged(self.snapshot, error)


def _folder(named: str) -> Path:
    if "://" in named:
        from pipeline.warehouse import published  # noqa: PLC0415 - most are on this machine

        return published.fetched(named)
    # unlike `Path.expanduser` this leaves the home of an unknown user as it is
    return Path(os.path.expanduser(named))  # noqa: PTH111


def _frame(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """Return a relation as polars has it, which cannot take DuckDB's intervals as they are."""
    import polars  # noqa: PLC0415, ICN001 - the command line starts faster without it

    kinds = zip(relation.columns, map(str, relation.types), strict=True)
    spans = [name for name, kind in kinds if kind == "INTERVAL"]
    counted = ", ".join(f"epoch_us({quote(name)}) as {quote(name)}" for name in spans)
    plain = relation.project(f"* replace ({counted})") if spans else relation
    frame: pl.DataFrame = plain.pl()
    return frame.with_columns(polars.col(spans).cast(polars.Duration("us")))


def _relation(name: str) -> catalog.Table:
    from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

    return catalog.relation(name)


def _attach_views(connection: Connection, file: Path) -> int:
    """Make the views of a database file available by their names, faster than `create_views`.

    The function attaches a copy in memory: DuckDB locks a file that it has open, and an analyst may
    open the same file to write. New relations of the connection do not enter the copy.

    Returns:
        the descriptor of the copy, to be closed after the connection and not sooner: DuckDB
        lets queries read the file of that name.

    Raises:
        OSError: the file cannot be read.
        duckdb.Error: the file is not a database.
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


def _create_previous(connection: Connection, table: str, older: Path | None) -> list[Path]:
    """Create the view `previous_TABLE`, a table of an older snapshot; return its files.

    Without an older snapshot it is empty and has the columns of the table.
    """
    view = f"create temp view previous_{table} as from"
    if older is not None:
        try:
            files = snapshot.table_files(older, table)
            connection.execute(f"{view} {parquet(files)}")
        except (engine.Error, WarehouseError):
            pass  # a broken file of an older snapshot must not stop the reader
        else:
            return files
    connection.execute(f"{view} {table} limit 0")
    return []


def _private_directory() -> Path | None:
    """Make a directory for this process alone; return None if none can be made."""
    # importing `tempfile` takes longer than many queries
    name = f"pith-etl-{os.getpid()}-{os.urandom(8).hex()}"
    path = Path(os.environ.get("TMPDIR") or "/tmp", name).absolute()  # noqa: S108 - a random name
    try:
        path.mkdir(mode=0o700)
    except OSError:
        return None
    return path
