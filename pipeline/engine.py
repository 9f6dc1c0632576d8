"""DuckDB itself, for what must start fast.

The package `duckdb` gives the very same connections and errors, and around them relations in
Python, which take longer to import than a command takes to answer. What makes relations
(`connection.sql`) imports `duckdb`.
"""

from __future__ import annotations

import _duckdb

engine = _duckdb
Connection = engine.DuckDBPyConnection


def literal(text: str) -> str:
    """Return an SQL string literal, for the statements that take no bound values."""
    return "'" + text.replace("'", "''") + "'"


def quote(identifier: str) -> str:
    """Return an SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'
