"""The audit: every check of `sql/checks/` over the tables, its rows the table `findings`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.catalog import Check
from pipeline.duck import Connection, execute_frugally, literal
from pipeline.errors import ModelError
from pipeline.model import write_table
from pipeline.together import together

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


def write_findings(connection: Connection, directory: Path, threads: int) -> int:
    """Run all checks and write the table `findings`, kept ones included; return its rows."""
    collect(connection, threads)
    sql = f"({FINDINGS}) union from kept_findings"
    return write_table(connection, catalog.table("findings"), sql, directory)


def collect(connection: Connection, threads: int) -> None:
    """Run all checks; `FINDINGS` reads what they found."""
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    connection.execute(f"create table found (severity varchar, code varchar, {columns})")
    checks = catalog.checks()
    connection.execute(
        "create table promises as select unnest($codes) as code, unnest($promises) as promise",
        {
            "codes": [check.code for check in checks],
            "promises": [check.promise for check in checks],
        },
    )
    jobs = {check.code: partial(_run, check) for check in checks}
    for _ in together(connection, jobs, threads):
        pass


def _run(check: Check, connection: Connection) -> None:
    """Collect what one check returns.

    Raises:
        ModelError: the check selects a column that no finding has, or does not run.
    """
    severity, code = literal(check.severity), literal(check.code)
    try:
        execute_frugally(
            connection,
            f"insert into found by name select {severity} as severity, {code} as code, * "  # noqa: S608 - SQL of our own
            f"from ({check.sql})",
        )
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        message = f"the check {check.code} does not run: {error}"
        raise ModelError(message) from error


#: A finding on a document's content is a finding wherever the document was found. A check
#: that gives no message says what its first line says.
FINDINGS = """
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
left join part_documents as document on inputs.doc = document.doc
"""
