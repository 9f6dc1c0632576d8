"""The audit: every check of `sql/checks/` runs over the tables and fills the table `findings`.

A stranger can make a document of very many findings, and copies of it. So the table lists
`MAX_LISTED` findings of each code for a document, at `MAX_PLACES` places of its content. The rest
is counted: the sum of `occurrences` is the number of findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb

from pipeline import catalog, session
from pipeline.catalog import Check
from pipeline.duck import Connection, execute_frugally
from pipeline.errors import ModelError
from pipeline.limits import MAX_LISTED, MAX_PLACES
from pipeline.model.concurrent import run_concurrently

#: The parameters of the model of `findings`.
PARAMETERS = {"max_places": MAX_PLACES}


def collect(connection: Connection, threads: int, checks: Sequence[Check]) -> None:
    """Run checks; the model of `findings` reads the rows that they find."""
    session.create_table(connection, "found")
    connection.execute(
        "create or replace table promises as "
        "select unnest($codes) as code, unnest($promises) as promise",
        {
            "codes": [check.code for check in checks],
            "promises": [check.promise for check in checks],
        },
    )
    noted = set()
    if any(check.noted for check in checks):
        noted |= set(connection.execute("select distinct code from staged_problems").fetchall())
    jobs = {
        check.code: partial(_run, check)
        for check in checks
        if not check.noted or (check.code,) in noted
    }
    for _ in run_concurrently(connection, jobs, threads):
        pass


def keep_findings(connection: Connection, name: str) -> None:
    """Create a table of the findings that were collected, with the columns of `findings`."""
    sql = catalog.model_sql("findings")
    execute_frugally(connection, f"create table {name} as {sql}", PARAMETERS)


def _run(check: Check, connection: Connection) -> None:
    """Collect the rows of one check.

    Raises:
        ModelError: the check selects a column that no finding has, or does not run.
    """
    # the cursor's own, for checks run side by side; a check may select fewer columns
    connection.execute(
        "create temporary table one_check as select * exclude (severity, code) from found limit 0"
    )
    try:
        found = execute_frugally(connection, f"insert into one_check by name {check.sql}")
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        message = f"the check {check.code} does not run: {error}"
        raise ModelError(message) from error
    # most checks find nothing, and to plan this query takes longer than to run it
    if found:
        listed = session.query("listed_findings")
        named = f"select $severity as severity, $code as code, * from ({listed})"  # noqa: S608 - SQL of our own
        values = {"severity": check.severity, "code": check.code, "max_listed": MAX_LISTED}
        execute_frugally(connection, f"insert into found by name {named}", values)
        connection.execute("drop table one_check")
