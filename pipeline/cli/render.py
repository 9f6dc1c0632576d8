"""Query results as text: table, line, CSV, JSON, JSON lines, Parquet."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from pipeline.cli.text_table import cells, print_table
from pipeline.engine import Connection, behind, quote
from pipeline.errors import UsageError
from pipeline.formats import ResultFormat
from pipeline.text import FORMULA, safe, safe_json

if TYPE_CHECKING:
    import duckdb

#: The columns of a plan, whose text is DuckDB's own and has several lines.
_PLAN = ["explain_key", "explain_value"]
_BREAKS = str.maketrans({"\n": "\\n", "\t": "\\t"})
_ZONED = "TIMESTAMP WITH TIME ZONE"
_INTERVAL = "INTERVAL"
_FETCH = 2048
#: Writes rows below the names of their columns.
_Writer = Callable[[IO[str], Sequence[str], Iterator[tuple[Any, ...]]], None]
#: The format `table` holds its rows in memory, so it shows at most this many.
TABLE_ROWS = 1000


def write_result(
    connection: Connection,
    query: str,
    form: ResultFormat,
    output: IO[bytes],
    values: Mapping[str, object] | None = None,
) -> None:
    """Run a query and write its result.

    Args:
        connection: where the tables are.
        query: what to run.
        form: how.
        output: a binary stream.
        values: what to bind to the query's `$name`s.

    Raises:
        duckdb.Error: the query is wrong.
        UsageError: the format cannot hold what it finds.
    """
    if form == "parquet":
        _write_parquet(connection, query, output, values)
        return
    names, added = _run(connection, query, values)
    text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=True)
    try:
        with behind(added):
            WRITERS[form](text, names, _rows(connection))
        text.flush()
    finally:
        text.detach()


def _run(
    connection: Connection, query: str, values: Mapping[str, object] | None
) -> tuple[list[str], int]:
    """Run a query, with each instant as a time in UTC.

    The driver needs a further library for an instant with its zone; all times here are UTC.

    Returns:
        The names of its columns, and how many bytes were put before the query.
    """
    before = ""
    columns = connection.execute(query, values).description or ()
    types = [str(column[1]) for column in columns]
    if any(_ZONED in kind for kind in types):
        # cast to the same type but for the zone, which reaches into lists and structs
        casts = [
            f"#{number}::{kind.replace(_ZONED, 'TIMESTAMP')}"
            for number, kind in enumerate(types, start=1)
        ]
        before = f"select {', '.join(casts)} from ("  # noqa: S608 - a query is what we are given
        with behind(len(before.encode())):
            # nothing was fetched yet, so running the query again costs little
            connection.execute(f"{before}{query}\n)", values)
    return [column[0] for column in columns], len(before.encode())


def _rows(connection: Connection) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := connection.fetchmany(_FETCH):
            yield from rows
    except OverflowError:
        message = "an interval is longer than 999999999 days; cast it to a text: x::varchar"
        raise UsageError(message) from None


def _write_parquet(
    connection: Connection, query: str, output: IO[bytes], values: Mapping[str, object] | None
) -> None:
    import duckdb  # noqa: PLC0415, F401 - it teaches connections to make relations
    import pyarrow as pa  # noqa: PLC0415 - the other formats start faster without it
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    reader = _with_seconds(connection.sql(query, params=values)).to_arrow_reader()
    try:
        writer = pq.ParquetWriter(output, reader.schema, compression="zstd")
    except pa.ArrowNotImplementedError as error:
        message = f"Parquet cannot hold this result; cast to a text, x::varchar, what is: {error}"
        raise UsageError(message) from None
    with writer:
        for batch in reader:
            writer.write_batch(batch)


def _with_seconds(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return a relation with each column of intervals in seconds, as the other formats have it."""
    columns = [*zip(map(quote, relation.columns), map(str, relation.types), strict=True)]
    if all(kind != _INTERVAL for _, kind in columns):
        return relation
    seconds = (f"epoch({name}) as {name}" if kind == _INTERVAL else name for name, kind in columns)
    return relation.project(", ".join(seconds))


def _write_csv(output: IO[str], names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    writer = csv.writer(output, lineterminator="\n")
    lines: Iterable[Sequence[object]]
    lines = chain([names], ([_harmless(_cell(value), value) for value in row] for row in rows))
    if output.isatty():
        # in a file or a pipe every cell stays as it is
        lines = ([safe(str(cell)) for cell in line] for line in lines)
    writer.writerows(lines)


def _harmless(cell: object, value: object) -> object:
    """Return a cell of CSV that no spreadsheet runs as a formula, as `export` writes it."""
    runs = isinstance(value, str) and value.startswith(tuple(FORMULA))
    return f"'{cell}" if runs else cell


def _write_json(output: IO[str], names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    separator = "["
    for line in _json_objects(names, rows):
        output.write(f"{separator}\n{line}" if separator == "[" else f",\n{line}")
        separator = ","
    output.write("[]\n" if separator == "[" else "\n]\n")


def _write_jsonl(output: IO[str], names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    for line in _json_objects(names, rows):
        output.write(f"{line}\n")


def _json_objects(names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    keys = _distinct(names)
    for row in rows:
        values = {key: _plain(value) for key, value in zip(keys, row, strict=True)}
        yield safe_json(json.dumps(values, ensure_ascii=False))


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, a repeated one with `_1` and so on: a JSON object has each key once."""
    keys: list[str] = []
    for name in names:
        key, number = name, 0
        while key in keys:
            number += 1
            key = f"{name}_{number}"
        keys.append(key)
    return keys


def _plain(value: object) -> object:
    """Return a value as JSON has it: times in ISO 8601, bytes in base64, NaN as null.

    A decimal is a number where a double holds it, else its digits as text.
    """
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    for types, convert in _CONVERSIONS:
        if isinstance(value, types):
            return convert(value)
    return str(value)


#: The first that fits, in this order: a bool is an int, a datetime is a date.
_CONVERSIONS: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (type(None) | bool | int | str, lambda value: value),
    (float, lambda value: value if math.isfinite(value) else None),
    (Decimal, lambda value: float(value) if Decimal(repr(float(value))) == value else str(value)),
    (datetime | date | time, lambda value: value.isoformat()),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (timedelta, lambda value: value.total_seconds()),
)


def _cell(value: object) -> object:
    """Return a value as a cell of text: lists and objects as JSON."""
    if isinstance(value, float | Decimal):
        return str(value)
    plain = _plain(value)
    if isinstance(plain, list | dict):
        return json.dumps(plain, ensure_ascii=False)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return "" if plain is None else plain


def _write_table(output: IO[str], names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    shown: list[list[str]] = []
    total = 0
    for row in rows:
        total += 1
        if total <= TABLE_ROWS:
            shown.append([_line(str(_cell(value)), names) for value in row])
    print_table(output, names, shown, "; --format line shows all")
    if total > TABLE_ROWS:
        output.write(f"{TABLE_ROWS} of {total} rows; --format csv, json or parquet gives all\n")
    else:
        output.write(f"{total} row{'' if total == 1 else 's'}\n")


def _line(text: str, names: Sequence[str]) -> str:
    """Return text as a table shows it: on one line, so that no value can pose as a row."""
    return safe(text) if list(names) == _PLAN else safe(text).translate(_BREAKS)


def _write_lines(output: IO[str], names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """Write a record vertically, a column a line, with a blank line between two."""
    width = max(map(cells, names), default=0)
    for number, row in enumerate(rows):
        output.write("\n" if number else "")
        for name, value in zip(names, row, strict=True):
            padded = " " * (width - cells(name)) + safe(name)
            output.write(f"{padded} = {_line(str(_cell(value)), names)}\n")


#: The writer of each format that is written row by row.
WRITERS: dict[ResultFormat, _Writer] = {
    "table": _write_table,
    "line": _write_lines,
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
