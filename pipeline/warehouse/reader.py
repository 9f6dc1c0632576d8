"""`Warehouse`: the published tables, for notebooks and for the command line."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from pipeline.engine import Connection, engine, literal
from pipeline.warehouse import snapshot

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
    """The snapshot that is published at the time of opening; a later one needs a new `Warehouse`.

    Attributes:
        path: the folder of the warehouse.
        snapshot: the folder of the snapshot.
        connection: a DuckDB connection in memory with a view of every table, and
            `previous_papers`: the papers of the previous snapshot, empty without one.
    """

    def __init__(self, path: str | os.PathLike[str] = "data/warehouse") -> None:
        """Open a warehouse.

        Raises:
            UsageError: a warehouse cannot stand at this place.
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

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a query over the tables as a DuckDB relation."""
        import duckdb  # noqa: PLC0415, F401 - the import lets connections make relations

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
        """Allow only reading the tables from now on, for queries by strangers.

        DuckDB opens only the files of the tables, which are read-only, and its own spill files in a
        private directory. Closing the warehouse removes that directory.
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
            # DuckDB has removed its files there
            with suppress(OSError):
                self._spill.rmdir()

    def __repr__(self) -> str:
        """Return the snapshot and the tables, for a console."""
        from pipeline import catalog  # noqa: PLC0415 - `pith-etl sql` starts faster without it

        names = ", ".join(catalog.tables())
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
            WarehouseError: the block failed because a file of the snapshot is damaged.
        """
        self.close()
        snapshot.raise_if_damaged(self.snapshot, error)


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


def _create_previous(connection: Connection, older: Path | None) -> Path | None:
    """Create `previous_papers`, the papers of an older snapshot; return their file.

    Without an older snapshot it is empty and has the columns of `papers`.
    """
    view = "create temp view previous_papers as from"
    if older is not None:
        file = snapshot.table_file(older, "papers")
        try:
            connection.execute(f"{view} read_parquet({literal(str(file))})")
        except engine.Error:
            pass  # a broken file of an older snapshot must not stop the reader
        else:
            return file
    connection.execute(f"{view} papers limit 0")
    return None


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
