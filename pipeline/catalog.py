"""The catalogue: which tables, views, macros, queries and checks there are, and what they mean.

Meanings are written once, in `sql/models/TABLE.toml` beside the model, in `sql/views/VIEW.toml`
beside the view, and in the headers of `sql/macros`, `sql/queries` and `sql/checks`, and feed
everything else: comments in DuckDB, the metadata of the Parquet files, `pith-etl tables` and
`pith-etl queries`, and the generated documentation.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import ModelError, UsageError
from pipeline.resources import read_sql, sql, sql_dir

#: The published tables in the order in which they are modelled: each reads only earlier ones
#: and the staged tables. `findings` reads what the audit found, and `runs` what the build counted.
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

#: The relations between staging and models, in order; they are not published. A table stays in
#: memory or spills. A wide relation with a row a signature is a view instead.
INTERMEDIATE = {
    "proof_levels": "table",
    "key_candidates": "table",
    "signature_statuses": "view",
    "proof": "table",
    "document_grades": "view",
    "merged": "table",
    "not_valid": "table",
}

#: The views over the published tables; each reads tables only.
VIEWS = ("works", "citation_graph", "timeline", "trust", "coverage", "category_years")

#: The table macros over the published tables.
MACROS = ("resolve",)

SEVERITIES = ("critical", "error", "warning", "info")

#: Rows in a row group. DuckDB holds a whole one while it writes, 128 MiB of the widest rows
#: (`limits.MAX_ROW_BYTES`), and a lookup reads one at least; smaller ones make the footer of a file
#: large, which every query reads.
ROW_GROUP = 4096

#: How an incremental build makes a table: new rows for the changes beside the kept rows; all rows
#: by its model, which reads the kept ones; or all rows anew.
INCREMENTAL = ("rows", "whole", "anew")

#: The words of evidence for the values of a column (docs/evidence.md).
EVIDENCE = ("receipt", "hash", "event", "bundle", "stated", "self", "computed", "input", "keyring")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its DuckDB type, its meaning and its evidence (one of `EVIDENCE`)."""

    name: str
    type: str
    meaning: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view: its meaning, the columns of its key, and all columns in order.

    `order` are the expressions by which a table's rows are sorted, a total order; a view has
    none. `incremental` is one of `INCREMENTAL`.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    incremental: str = "rows"

    @property
    def whole(self) -> bool:
        """Whether its model makes all rows, in an incremental build, too."""
        return self.incremental != "rows"


@dataclass(frozen=True, slots=True)
class Check:
    """A check: the finding's code and severity, what it says, means, and what to do.

    `whole` says that the check reads all documents, changed or not
    (`pipeline.model.incremental`).
    """

    code: str
    severity: str
    promise: str
    means: str
    action: str
    whole: bool
    sql: str

    @property
    def fails(self) -> bool:
        """Whether its findings are errors and not hints."""
        return self.severity in ("critical", "error")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named value that a macro or a query takes; `default` is null where it has none."""

    name: str
    default: str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Macro:
    """A table macro: what it gives, its parameters, its columns (name and meaning), its SQL."""

    name: str
    meaning: str
    parameters: tuple[Parameter, ...]
    columns: tuple[tuple[str, str], ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Query:
    """A worked example: the question that it answers, its parameters, its SQL."""

    name: str
    question: str
    parameters: tuple[Parameter, ...]
    sql: str


@cache
def tables() -> dict[str, Table]:
    """Return the published tables by name, in the order of `TABLES`."""
    return {name: _described("models", name) for name in TABLES}


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
    return sql("models", name)


def intermediate_sql(name: str) -> str:
    """Return the SQL of one of `INTERMEDIATE`."""
    return sql("intermediate", name)


@cache
def views() -> dict[str, Table]:
    """Return the views by name, in the order of `VIEWS`."""
    return {name: _described("views", name) for name in VIEWS}


def view_sql(name: str) -> str:
    """Return the SQL of a view."""
    return sql("views", name)


@cache
def macros() -> tuple[Macro, ...]:
    """Return the table macros, in the order of `MACROS`."""
    return tuple(_macro(sql_dir() / "macros" / f"{name}.sql") for name in MACROS)


@cache
def queries() -> dict[str, Query]:
    """Return the worked examples by name, in the order of their names."""
    paths = sorted((sql_dir() / "queries").glob("*.sql"))
    return {path.stem: _query(path) for path in paths}


@cache
def checks() -> tuple[Check, ...]:
    """Return the checks, ordered by code."""
    return tuple(_check(path) for path in sorted((sql_dir() / "checks").glob("*.sql")))


def _described(folder: str, name: str) -> Table:
    described = tomllib.loads((sql_dir() / folder / f"{name}.toml").read_text("utf-8"))
    columns = tuple(Column(column, *facts) for column, facts in described["columns"].items())
    return Table(
        name,
        described["meaning"],
        tuple(described["key"]),
        tuple(described.get("order", ())),
        columns,
        described.get("incremental", "rows"),
    )


def _check(path: Path) -> Check:
    """Read a check: a header of a promise, severity, means, do, and scope; then its SQL.

    Instead of SQL the header of a check may say `from: staged_problems`: its rows are those that
    staging noted by its code.
    """
    sql = read_sql(path)
    header = _header(sql)
    facts = dict(line.split(": ", 1) for line in header[1:])
    scope = facts.pop("scope", None)
    source = facts.pop("from", None)
    if facts.keys() != {"severity", "means", "do"} or facts["severity"] not in SEVERITIES:
        message = f"{path}: the header must give severity, means and do"
        raise ModelError(message)
    if scope not in (None, _ALL):
        message = f"{path}: the scope is {_ALL!r} or, without a line of its own, one document's"
        raise ModelError(message)
    has_sql = any(line and not line.startswith("--") for line in sql.splitlines())
    if source not in (None, _STAGED) or has_sql == (source is not None):
        message = f"{path}: below the header stands the check's SQL, or in it `from: {_STAGED}`"
        raise ModelError(message)
    severity, means, action = facts["severity"], facts["means"], facts["do"]
    query = sql if source is None else _noted(path.stem)
    return Check(path.stem, severity, header[0], means, action, scope == _ALL, query)


#: The scope of a check that reads all documents, changed or not.
_ALL = "all documents"

#: The relation of the problems that staging noted. A check that reads them needs no SQL.
_STAGED = "staged_problems"


def _noted(code: str) -> str:
    """Return the query of what staging noted by a code."""
    return (
        f"select doc, pointer, expected, actual, occurrences from {_STAGED} where code = '{code}'"  # noqa: S608 - the name of a file of ours
    )


def _macro(path: Path) -> Macro:
    """Read a macro and the header of its SQL: its meaning, then `param:` and `column:` lines."""
    sql = read_sql(path)
    header = _header(sql)
    columns = [line.removeprefix("column: ") for line in header if line.startswith("column: ")]
    return Macro(
        path.stem,
        header[0],
        _parameters(path, header),
        tuple((column.split("; ", 1)[0], column.split("; ", 1)[1]) for column in columns),
        sql,
    )


def _query(path: Path) -> Query:
    """Read a worked example and the header of its SQL: a question, then `param:` lines."""
    sql = read_sql(path)
    header = _header(sql)
    return Query(path.stem, header[0], _parameters(path, header), sql)


#: `param: NAME = DEFAULT; MEANING`, or without a default.
_PARAMETER = re.compile(r"param: (?P<name>[a-z_]+)(?: = (?P<default>[^;]*))?; (?P<meaning>.+)")


def _parameters(path: Path, header: list[str]) -> tuple[Parameter, ...]:
    found = []
    for line in header:
        if line.startswith("param:"):
            match = _PARAMETER.fullmatch(line)
            if match is None:
                message = f"{path}: `{line}` is not `param: NAME = DEFAULT; MEANING`"
                raise ModelError(message)
            found.append(Parameter(match["name"], match["default"], match["meaning"]))
    return tuple(found)


def _header(sql: str) -> list[str]:
    """Return the leading comment up to an empty line of it; an indented line continues one."""
    header: list[str] = []
    for line in sql.splitlines():
        text = line.removeprefix("--")
        if text == line or not text:
            break
        if text.startswith("   ") and header:
            header[-1] += f" {text.strip()}"
        else:
            header.append(text.strip())
    return header
