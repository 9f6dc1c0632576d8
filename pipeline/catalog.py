"""The catalogue: which tables, views, macros, queries and checks there are, and what they mean.

Meanings are written once, in `sql/models/TABLE.toml` beside the model, in `sql/views/VIEW.toml`
beside the view, and in the headers of `sql/macros`, `sql/queries` and `sql/checks`, and feed
everything else: comments in DuckDB, the metadata of the Parquet files, `pith-etl tables` and
`pith-etl queries`, and the generated documentation.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from functools import cache
from pathlib import Path
from typing import NoReturn

from pipeline.errors import ModelError, UsageError
from pipeline.resources import read_sql, sql, sql_dir
from pipeline.vocabulary import Severity

#: Rows in a row group. DuckDB holds a whole one while it writes, 128 MiB of the widest rows
#: (`limits.MAX_ROW_BYTES`), and a lookup reads one at least; smaller ones make the footer of a file
#: large, which every query reads.
ROW_GROUP = 4096

#: The words of evidence for the values of a column (docs/evidence.md).
EVIDENCE = ("receipt", "hash", "event", "bundle", "stated", "self", "computed", "input", "keyring")


class Step(StrEnum):
    """The steps of a build that write published tables, in order.

    The tables of `model` have rows of which each depends on the documents of one group. Those of
    `finish` need the rows of all groups, and that of `publish` what the build counted.
    """

    MODEL = auto()
    FINISH = auto()
    PUBLISH = auto()


class KeptBy(StrEnum):
    """What must be untouched for an incremental build to keep a row.

    It is the place of the row's document, the content of its document, or its paper.
    """

    PLACE = auto()
    CONTENT = auto()
    PAPER = auto()


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
    none. A step writes its tables in the order of `place`, and of the name; each reads only
    earlier ones and the staged tables. An incremental build adds the rows of the changes to the
    rows that it keeps, recognised by `kept_by`. A table of which it keeps none is one file; the
    others have a file for each range of Pith numbers (`pipeline.model.ranges`).
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    step: Step
    place: int
    kept_by: KeptBy | None

    @property
    def number(self) -> str:
        """The column of the Pith number that decides in which range a row is, or `null`."""
        numbers = ("cited_pith_number", "pith_number")
        return next((column.name for column in self.columns if column.name in numbers), "null")

    @property
    def is_view(self) -> bool:
        """Whether it is one of the views."""
        return self.name in views()


@dataclass(frozen=True, slots=True)
class Check:
    """A check: the finding's code and severity, what it says, means, and what to do.

    `whole` says that the check reads all documents, changed or not
    (`pipeline.model.incremental`); `noted`, that it finds what staging noted by its code.
    """

    code: str
    severity: Severity
    promise: str
    means: str
    action: str
    whole: bool
    noted: bool
    sql: str

    @property
    def fails(self) -> bool:
        """Whether its findings are errors and not hints."""
        return self.severity.at_least(Severity.ERROR)


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
    """A worked example: the question that it answers, its parameters, its SQL.

    `only_duckdb` says what in it SQLite lacks; null if both run it with the same rows.
    """

    name: str
    question: str
    parameters: tuple[Parameter, ...]
    only_duckdb: str | None
    sql: str


@cache
def tables() -> dict[str, Table]:
    """Return the published tables by name, in the order in which a build writes them."""
    return _all_described("models")


def table(name: str) -> Table:
    """Return one table.

    Raises:
        UsageError: there is no such table.
    """
    if name not in tables():
        _unknown(name, "table", tables())
    return tables()[name]


def modelled() -> tuple[str, ...]:
    """Return the tables whose rows depend on one group of documents each, in order."""
    return tuple(name for name, table in tables().items() if table.step is Step.MODEL)


def finished() -> tuple[str, ...]:
    """Return the tables that are finished when the rows of all ranges are known, by range."""
    return tuple(
        name for name, table in tables().items() if table.step is Step.FINISH and table.kept_by
    )


def relations() -> dict[str, Table]:
    """Return the tables and then the views by name."""
    return tables() | views()


def relation(name: str) -> Table:
    """Return one table or view.

    Raises:
        UsageError: there is no such table or view.
    """
    if name not in relations():
        _unknown(name, "table or view", relations())
    return relations()[name]


def _unknown(name: str, kind: str, known: Iterable[str]) -> NoReturn:
    """Raise the error on an unknown name."""
    listed = ", ".join(sorted(known))
    message = f"there is no {kind} {name!r}; there are {listed}{_meant(name, known)}"
    raise UsageError(message)


def model_sql(name: str) -> str:
    """Return the SQL of a published table's model."""
    return sql("models", name)


@cache
def intermediate() -> dict[str, str]:
    """Return the relations between staging and models, in order: name to `table` or `view`.

    They are not published. A table stays in memory or spills. A wide relation with a row a
    signature is a view instead. `sql/session/catalogue.toml` describes them.
    """
    described = tomllib.loads((sql_dir() / "session" / "catalogue.toml").read_text("utf-8"))
    files = {path.stem for path in (sql_dir() / "intermediate").glob("*.sql")}
    return {
        name: entry.get("made_as", "table") for name, entry in described.items() if name in files
    }


def intermediate_sql(name: str) -> str:
    """Return the SQL of one of `intermediate`."""
    return sql("intermediate", name)


@cache
def views() -> dict[str, Table]:
    """Return the views over the published tables by name, in the order in which they are shown.

    Each reads tables only.
    """
    return _all_described("views")


def view_sql(name: str) -> str:
    """Return the SQL of a view."""
    return sql("views", name)


@cache
def macros() -> tuple[Macro, ...]:
    """Return the table macros over the published tables, ordered by name."""
    return tuple(_macro(path) for path in sorted((sql_dir() / "macros").glob("*.sql")))


@cache
def queries() -> dict[str, Query]:
    """Return the worked examples by name, in the order of their names."""
    paths = sorted((sql_dir() / "queries").glob("*.sql"))
    return {path.stem: _query(path) for path in paths}


def query(name: str) -> Query:
    """Return one worked example.

    Raises:
        UsageError: no query has this name.
    """
    if name not in queries():
        message = (
            f"there is no query {name!r}; `pith-etl queries` lists them{_meant(name, queries())}"
        )
        raise UsageError(message)
    return queries()[name]


def bound(name: str, given: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the SQL of a worked example, and the values to bind: those given, else its defaults.

    Raises:
        UsageError: there is no such query, or it has no such parameter.
    """
    chosen = query(name)
    defaults = {one.name: one.default or "" for one in chosen.parameters}
    unknown = given.keys() - defaults.keys()
    if unknown:
        known = ", ".join(defaults) or "none"
        message = f"{name} has no parameter {min(unknown)!r}; it has {known}"
        raise UsageError(message)
    return chosen.sql, {**defaults, **given}


def _meant(name: str, known: Iterable[str]) -> str:
    """Return the end of an error on a name: which of the known ones it may be meant to be."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(name, known, n=1)
    return f". Did you mean {close[0]!r}?" if close else ""


@cache
def checks() -> tuple[Check, ...]:
    """Return the checks, ordered by code."""
    return tuple(_check(path) for path in sorted((sql_dir() / "checks").glob("*.sql")))


def _all_described(folder: str) -> dict[str, Table]:
    """Return what each TOML file of a folder describes, by name, in order."""
    found = [_described(path) for path in (sql_dir() / folder).glob("*.toml")]
    steps = list(Step)
    found.sort(key=lambda table: (steps.index(table.step), table.place, table.name))
    return {table.name: table for table in found}


def _described(path: Path) -> Table:
    """Read what stands beside the SQL of a table or view.

    Raises:
        ModelError: it lacks its meaning or key, or names a step or a way of keeping rows that there
            is not.
    """
    described = tomllib.loads(path.read_text("utf-8"))
    columns = tuple(Column(name, *facts) for name, facts in described["columns"].items())
    kept_by = described.get("kept_by")
    try:
        return Table(
            path.stem,
            described["meaning"],
            tuple(described["key"]),
            tuple(described.get("order", ())),
            columns,
            Step(described.get("step", Step.MODEL)),
            described.get("place", 0),
            None if kept_by is None else KeptBy(kept_by),
        )
    except (KeyError, ValueError) as error:
        message = f"{path}: {error}"
        raise ModelError(message) from error


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
    if facts.keys() != {"severity", "means", "do"} or facts["severity"] not in list(Severity):
        message = f"{path}: the header must give severity, means and do"
        raise ModelError(message)
    if scope not in (None, _ALL):
        message = f"{path}: the scope is {_ALL!r} or, without a line of its own, one document's"
        raise ModelError(message)
    has_sql = any(line and not line.startswith("--") for line in sql.splitlines())
    if source not in (None, _STAGED) or has_sql == (source is not None):
        message = f"{path}: below the header stands the check's SQL, or in it `from: {_STAGED}`"
        raise ModelError(message)
    severity, means, action = Severity(facts["severity"]), facts["means"], facts["do"]
    noted = source is not None
    query = _noted(path.stem) if noted else sql
    return Check(path.stem, severity, header[0], means, action, scope == _ALL, noted, query)


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
    """Read a worked example and the header of its SQL.

    It has a question, then `param:` lines, and `only DuckDB: REASON` where SQLite cannot run it.
    """
    sql = read_sql(path)
    header = _header(sql)
    reasons = [line.removeprefix(_ONLY) for line in header if line.startswith(_ONLY)]
    only_duckdb = reasons[0] if reasons else None
    return Query(path.stem, header[0], _parameters(path, header), only_duckdb, sql)


_ONLY = "only DuckDB: "


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
