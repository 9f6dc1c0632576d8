"""The commands `sql`, `search` and `tables`: each runs a query and writes its result."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipeline.cli.render import write_result
from pipeline.cli.text_table import print_table
from pipeline.cli.user_query import read_only, tell_places, told
from pipeline.engine import behind, engine
from pipeline.errors import UsageError
from pipeline.formats import ResultFormat
from pipeline.interrupts import interruptible
from pipeline.outputs import replacing
from pipeline.text import safe
from pipeline.warehouse.reader import TableFacts, Warehouse
from pipeline.warehouse.snapshot import raise_if_damaged

if TYPE_CHECKING:
    from pipeline.catalog import Macro

#: The format by the suffix of a file.
_SUFFIXES: dict[str, ResultFormat] = {
    "": "table",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".md": "table",
    ".txt": "table",
}

#: The errors that DuckDB raises for a wrong query.
_WRONG = (
    engine.ParserException,
    engine.BinderException,
    engine.CatalogException,
    engine.ConversionException,
    engine.OutOfRangeException,
    engine.PermissionException,
)


def sql(
    query: str,
    warehouse: Path,
    form: ResultFormat,
    output: Path | None,
    values: Mapping[str, object] | None = None,
) -> None:
    """Write the result of a query to a file or to standard output.

    `values` are bound to the query's `$name`s.

    Raises:
        UsageError: the query is wrong, or does more than read the tables.
        WarehouseError: nothing is published, or a table is damaged.
    """
    with Warehouse(warehouse) as opened:
        prepare(opened)
        answer(opened, query, form, output, values)


def prepare(warehouse: Warehouse) -> None:
    """Make a warehouse ready for queries of a user, which only read."""
    tell_places(warehouse.connection)
    warehouse.lock()


def answer(
    warehouse: Warehouse,
    query: str,
    form: ResultFormat,
    output: Path | None,
    values: Mapping[str, object] | None = None,
) -> None:
    """Write the result of a query over a prepared warehouse, as `sql` does."""
    connection = warehouse.connection
    try:
        with interruptible(connection):
            question = read_only(connection, query, values)
            with _output(output, form) as stream, behind(question.behind):
                write_result(connection, question.text, form, stream, values)
    except engine.Error as error:
        message = told(error, query)
        # looking for damage reads all tables, so a mistyped query must not cause it; DuckDB
        # reports a missing file as one that may not be read, and names it
        if not isinstance(error, _WRONG) or str(warehouse.snapshot) in message:
            raise_if_damaged(warehouse.snapshot, error)
        # the message may quote a value, and an attacker may have written the value
        raise UsageError(safe(message)) from None


def format_of(output: Path) -> ResultFormat:
    """Return the format of a file by its suffix.

    Raises:
        UsageError: the suffix is not that of a format.
    """
    form = _SUFFIXES.get(output.suffix.lower())
    if form is None:
        message = f"{output} has no known suffix: give --format, or end it in .csv or .parquet"
        raise UsageError(message)
    return form


def search(text: str, limit: int, warehouse: Path, form: ResultFormat) -> None:
    """Write the papers that hold the words of a text to standard output, the best first.

    Raises:
        UsageError: Parquet is asked for on a terminal.
        WarehouseError: nothing is published, or the search index does not work.
    """
    from pipeline.warehouse.search import RESULTS, find  # noqa: PLC0415 - the others start faster without it

    with Warehouse(warehouse) as opened, interruptible(opened.connection):
        hits = find(opened, text, limit)
        if form == "table" and not hits["numbers"]:
            sys.stdout.write("no paper has all of these words; fewer words find more\n")
            return
        with _output(None, form) as stream:
            write_result(opened.connection, RESULTS, form, stream, hits)


@contextlib.contextmanager
def _output(path: Path | None, form: ResultFormat) -> Iterator[IO[bytes]]:
    if path is None:
        if form == "parquet" and sys.stdout.isatty():
            message = "Parquet is not for a terminal; name a file by --output"
            raise UsageError(message)
        yield sys.stdout.buffer
        return
    with contextlib.ExitStack() as opened:
        try:
            stream = opened.enter_context(replacing(path))
        except OSError as error:
            message = f"cannot write {path}: {error.strerror}"
            raise UsageError(message) from None
        yield stream


def tables(name: str | None, warehouse: Path, output: IO[str]) -> None:
    """Print the catalogue of tables, views and macros, or the columns of one of them.

    Raises:
        UsageError: there is no such table, view or macro.
        WarehouseError: nothing is published.
    """
    with Warehouse(warehouse) as opened:
        write_tables(opened, name, output)


def write_tables(warehouse: Warehouse, name: str | None, output: IO[str]) -> None:
    """Print what `tables` prints, of a warehouse that is open."""
    from pipeline import catalog  # noqa: PLC0415 - the others start faster without it

    macros = {macro.name: macro for macro in catalog.macros()}
    if name is not None and name not in macros:
        catalog.relation(name)
    found = {table.name: table for table in warehouse.tables()}
    if name is None:
        rows = [(one.name, one.size, one.meaning) for one in found.values()]
        rows += [(macro.name, "macro", macro.meaning) for macro in macros.values()]
        print_table(output, ("table", "rows", "meaning"), rows)
    elif name in macros:
        _write_macro(macros[name], output)
    else:
        _write_columns(found[name], output)


def _write_columns(table: TableFacts, output: IO[str]) -> None:
    kind = "A view." if table.rows is None else f"{table.size} rows."
    output.write(f"{table.name}: {table.meaning} {kind}\n")
    columns = [
        (column.name, column.type, column.evidence, column.meaning) for column in table.columns
    ]
    print_table(output, ("column", "type", "evidence", "meaning"), columns)


def _write_macro(macro: Macro, output: IO[str]) -> None:
    call = f"from {macro.name}({', '.join(parameter.name for parameter in macro.parameters)})"
    output.write(f"{macro.name}: {macro.meaning} A macro, as in `{call}`.\n")
    parameters = [(parameter.name, parameter.meaning) for parameter in macro.parameters]
    print_table(output, ("parameter", "meaning"), parameters)
    print_table(output, ("column", "meaning"), macro.columns)
