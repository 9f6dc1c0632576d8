"""The relations that a build creates on its connection: inputs, fresh rows, kept rows.

`sql/session/NAME.sql` is the query of each, but for those of one line and those of Python's
rows; `sql/session/catalogue.toml` tells of every one who makes it and what its columns mean.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.duck import Connection, quote
from pipeline.resources import sql


def create_table(connection: Connection, name: str, parameters: object = None) -> None:
    """Create a table by its query in `sql/session/`, or replace it."""
    connection.execute(f"create or replace table {name} as {sql('session', name)}", parameters)


def create_view(connection: Connection, name: str) -> None:
    """Create a view by its query in `sql/session/`, or replace it."""
    connection.execute(f"create or replace view {name} as {sql('session', name)}")


def take(connection: Connection, name: str, rows: pa.Table) -> None:
    """Create or replace a table of rows that Python made, for all cursors of the connection."""
    connection.register("taken", rows)
    connection.execute(f"create or replace table {name} as from taken")
    connection.unregister("taken")


def empty(columns: Iterable[tuple[str, str]]) -> str:
    """Return a query without rows that has columns of these names and types."""
    return f"select {', '.join(f'null::{kind} as {quote(name)}' for name, kind in columns)} limit 0"


def query(name: str, **given: str) -> str:
    """Return a query of `sql/steps/`, by which a step asks for an answer.

    Args:
        name: of the file.
        given: more queries that it reads, by the names in its header.
    """
    text = sql("steps", name)
    if not given:
        return text
    named = ",\n".join(f"{key} as (\n{value}\n)" for key, value in given.items())
    return f"with {named}\n\nfrom (\n{text}\n)"
