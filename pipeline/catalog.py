"""The catalogue: which tables, columns and checks there are, and what they mean.

Meanings are written once, in `sql/models/TABLE.toml` beside the model and in the header of
`sql/checks/CODE.sql`, and feed everything else: comments in DuckDB, the metadata of the
Parquet files, `pith-etl tables`, and the generated documentation.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import ModelError, UsageError
from pipeline.resources import sql_dir

#: The published tables in the order in which they are modelled: each reads only earlier ones
#: and the staged tables. `findings` and `runs` have no SQL model: audit and build make them.
TABLES = (
    "signatures",
    "documents",
    "papers",
    "aliases",
    "events",
    "states",
    "citations",
    "claims",
    "attestations",
    "authors",
    "categories",
    "keys",
    "findings",
    "runs",
)

#: The relations between staging and models, in order; they are not published.
INTERMEDIATE = ("trusted", "proof")

SEVERITIES = ("critical", "error", "warning", "info")

#: What can vouch for a column's value (docs/evidence.md).
EVIDENCE = ("receipt", "hash", "event", "bundle", "stated", "self", "computed", "input", "keyring")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its DuckDB type, its meaning and what vouches for it (one of `EVIDENCE`)."""

    name: str
    type: str
    meaning: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its meaning, the columns of its key, and all columns in order."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: the finding's code and severity, what it says, means, and what to do."""

    code: str
    severity: str
    promise: str
    means: str
    action: str
    sql: str


@cache
def tables() -> dict[str, Table]:
    """Return the published tables by name, in the order of `TABLES`."""
    return {name: _table(name) for name in TABLES}


def table(name: str) -> Table:
    """Return one table.

    Raises:
        UsageError: there is no such table.
    """
    if name not in TABLES:
        message = f"there is no table {name!r}; there are {', '.join(sorted(TABLES))}"
        raise UsageError(message)
    return tables()[name]


def model_sql(name: str) -> str:
    """Return the SQL of a published table's model."""
    return (sql_dir() / "models" / f"{name}.sql").read_text("utf-8")


def intermediate_sql(name: str) -> str:
    """Return the SQL of one of `INTERMEDIATE`."""
    return (sql_dir() / "intermediate" / f"{name}.sql").read_text("utf-8")


@cache
def checks() -> tuple[Check, ...]:
    """Return the checks, ordered by code."""
    return tuple(_check(path) for path in sorted((sql_dir() / "checks").glob("*.sql")))


def _table(name: str) -> Table:
    described = tomllib.loads((sql_dir() / "models" / f"{name}.toml").read_text("utf-8"))
    columns = tuple(Column(column, *facts) for column, facts in described["columns"].items())
    return Table(name, described["meaning"], tuple(described["key"]), columns)


def _check(path: Path) -> Check:
    """Read a check and the header of its SQL: a promise, then severity, means and do."""
    sql = path.read_text("utf-8")
    header: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--")
        if text.startswith("   ") and header:
            header[-1] += f" {text.strip()}"
        else:
            header.append(text.strip())
    facts = dict(line.split(": ", 1) for line in header[1:])
    if facts.keys() != {"severity", "means", "do"} or facts["severity"] not in SEVERITIES:
        message = f"{path}: the header must give severity, means and do"
        raise ModelError(message)
    return Check(path.stem, facts["severity"], header[0], facts["means"], facts["do"], sql)
