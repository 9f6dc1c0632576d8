"""DuckDB's own module, for commands that must start fast.

The package `duckdb` gives the same connections and errors, and adds relations in Python. Importing
these takes longer than a command takes to answer. A module that makes relations (`connection.sql`)
imports `duckdb`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _duckdb

engine = _duckdb
Connection = engine.DuckDBPyConnection


def records(
    connection: Connection, sql: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a query, each by the names of its columns."""
    found = connection.execute(sql, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def behind(count: int) -> Iterator[None]:
    """Add a note to an error: how many bytes stand before the user's query in the text that ran.

    Within another such block the bytes add up.
    """
    try:
        yield
    except engine.Error as error:
        error.add_note(str(count))
        raise


def literal(text: str) -> str:
    """Return an SQL string literal, for the statements that take no bound values."""
    return "'" + text.replace("'", "''") + "'"


def parquet(files: Iterable[Path]) -> str:
    """Return the relation of the rows of Parquet files, one file after the other, in SQL."""
    # exact names: a path could hold the characters of a glob
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def quote(identifier: str) -> str:
    """Return an SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'
