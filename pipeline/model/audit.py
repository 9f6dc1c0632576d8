"""The audit: every check of `sql/checks/` over the tables, its rows the table `findings`.

A stranger can make a document of very many findings, and copies of it. Of each code a document
lists `MAX_LISTED` findings, and its content does so at `MAX_PLACES` places; the rest is counted,
so that the sum of `occurrences` is the number of findings.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb

from pipeline import catalog
from pipeline.catalog import Check
from pipeline.duck import Connection, execute_frugally, literal
from pipeline.errors import ModelError
from pipeline.limits import MAX_LISTED, MAX_PLACES
from pipeline.model.concurrent import together
from pipeline.model.tables import write_table

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
    "occurrences": "bigint",
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
            f"from ({_LISTED.format(check=check.sql)})",
        )
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        message = f"the check {check.code} does not run: {error}"
        raise ModelError(message) from error


#: The paper that all findings of a group are on; null, the document's own, if they differ.
_SAME_NUMBER = """
    if(
        count(pith_number) = count(*) and min(pith_number) = max(pith_number),
        min(pith_number),
        null
    ) as pith_number
""".strip()

_BLANK = ", ".join(f"null::{kind} as {name}" for name, kind in _COLUMNS.items())

#: What a check finds on each document, cut and counted.
_LISTED = f"""
with given as materialized (
    select distinct * replace (coalesce(occurrences, 1) as occurrences)
    from (select {_BLANK} where false union all by name ({{check}}))
),

-- few documents have too many, so that nothing else is ranked
crowded as (
    select doc, sha256, path, position
    from given
    group by all
    having count(*) > {MAX_LISTED}
),

judged as (
    select given.*, crowded.crowd is not null as crowded
    from given
    left join (select *, true as crowd from crowded) as crowded
        on given.doc is not distinct from crowded.doc
        and given.sha256 is not distinct from crowded.sha256
        and given.path is not distinct from crowded.path
        and given.position is not distinct from crowded.position
),

ranked as (
    select
        * exclude (crowded),
        row_number() over (
            partition by doc, sha256, path, position
            -- what staging counted comes last
            order by occurrences, pointer, message, expected, actual, pith_number
        ) as place
    from judged
    where crowded
)

select * exclude (crowded) from judged where not crowded
union all by name
select * exclude (place) from ranked where place <= {MAX_LISTED}
union all by name
select
    doc,
    sha256,
    path,
    position,
    sum(occurrences)::bigint || ' more like these' as message,
    {_SAME_NUMBER},
    sum(occurrences)::bigint as occurrences
from ranked
where place > {MAX_LISTED}
group by doc, sha256, path, position
"""  # noqa: S608 - SQL of our own

#: A finding on a document's content is a finding wherever the document was found. A check
#: that gives no message says what its first line says.
FINDINGS = f"""
with located as (
    select found.* replace (coalesce(found.doc, live.doc) as doc)
    from found
    left join live on found.sha256 = live.sha256
),

crowded as (
    select doc
    from inputs
    where doc in (select doc from located)
    group by doc
    having count(*) > {MAX_PLACES}
),

places as (
    select inputs.doc, inputs.path, inputs.position, true as listed
    from inputs
    semi join located using (doc)
    anti join crowded using (doc)
    union all
    select
        inputs.doc,
        inputs.path,
        inputs.position,
        row_number() over (partition by doc order by path, position) <= {MAX_PLACES} as listed
    from inputs
    semi join crowded using (doc)
),

-- all findings of a code on one content as one
summed as (
    select
        severity,
        code,
        doc,
        if(count(*) = 1, min(pointer), null) as pointer,
        if(
            count(*) = 1,
            min(message),
            sum(occurrences)::bigint || ' findings, as at other places of this content'
        ) as message,
        if(count(*) = 1, min(expected), null) as expected,
        if(count(*) = 1, min(actual), null) as actual,
        {_SAME_NUMBER},
        sum(occurrences)::bigint as occurrences
    from located
    semi join crowded using (doc)
    group by severity, code, doc
),

spread as (
    select
        located.* exclude (path, position),
        coalesce(located.path, places.path) as path,
        coalesce(located.position, places.position) as position
    from located
    left join places on located.doc = places.doc and places.listed
    union all by name
    select summed.*, places.path, places.position
    from summed
    inner join places using (doc)
    where not places.listed
)

select
    spread.severity,
    spread.code,
    spread.path,
    spread.position,
    spread.pointer,
    coalesce(spread.message, promises.promise) as message,
    spread.expected,
    spread.actual,
    coalesce(spread.pith_number, document.pith_number) as pith_number,
    spread.occurrences
from spread
inner join promises using (code)
left join part_documents as document using (doc)
"""  # noqa: S608 - SQL of our own
