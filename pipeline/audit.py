"""The audit: every check of `sql/checks/` over the tables, its rows the table `findings`."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.catalog import Check
from pipeline.duck import Connection, literal
from pipeline.errors import ModelError
from pipeline.model import write_table

#: What a check may select; anything it leaves out is filled in below.
_COLUMNS = {
    "doc": "bigint",
    "sha256": "varchar",
    "path": "varchar",
    "position": "bigint",
    "pointer": "varchar",
    "message": "varchar",
    "expected": "varchar",
    "actual": "varchar",
    "pith_number": "varchar",
}


def write_findings(connection: Connection, directory: Path) -> int:
    """Run all checks and write the table `findings`; return its rows."""
    collect(connection)
    return write_table(connection, catalog.table("findings"), FINDINGS, directory)


def collect(connection: Connection) -> None:
    """Run all checks; `FINDINGS` reads what they found."""
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    connection.execute(f"create table found (severity varchar, code varchar, {columns})")
    connection.execute("create table promises (code varchar, promise varchar)")
    for check in catalog.checks():
        connection.execute("insert into promises values ($1, $2)", [check.code, check.promise])
        _run(connection, check)


def _run(connection: Connection, check: Check) -> None:
    """Collect what one check returns.

    Raises:
        ModelError: the check selects a column that no finding has, or does not run.
    """
    try:
        names = [row[0] for row in connection.execute(f"describe {check.sql}").fetchall()]
    except duckdb.Error as error:
        message = f"the check {check.code} does not run: {error}"
        raise ModelError(message) from error
    if unknown := set(names) - set(_COLUMNS):
        message = f"the check {check.code} selects {sorted(unknown)}, which no finding has"
        raise ModelError(message)
    selected = ", ".join(
        f"{name}::{kind}" if name in names else f"null::{kind}" for name, kind in _COLUMNS.items()
    )
    severity, code = literal(check.severity), literal(check.code)
    insert = f"insert into found select {severity}, {code}, {selected} from ({check.sql})"  # noqa: S608 - SQL of our own
    connection.execute(insert)


#: A finding on a document's content is a finding wherever the document was found. A check
#: that gives no message says what its first line says.
FINDINGS = """
with findings as (
    select distinct
        found.severity,
        found.code,
        coalesce(found.path, inputs.path) as path,
        coalesce(found.position, inputs.position) as position,
        found.pointer,
        coalesce(found.message, promises.promise) as message,
        found.expected,
        found.actual,
        coalesce(found.pith_number, document.pith_number) as pith_number
    from found
    inner join promises using (code)
    left join live on found.sha256 = live.sha256
    left join inputs on coalesce(found.doc, live.doc) = inputs.doc
    left join staged_documents as document on inputs.doc = document.doc
)

select *
from findings
order by
    list_position(['critical', 'error', 'warning', 'info'], severity),
    code,
    path,
    position,
    pointer,
    expected,
    actual,
    message
"""
