"""What a build must model anew: the documents that a change touches, and no others.

A row of a published table depends on the documents of one paper, on those that hold one event
or one signature, and on those that their chains name. Documents so linked are a group; a group
without a new, changed or gone document makes the rows that it made in the last snapshot, which
are kept as they stand there. What depends on all documents (`WHOLE`) is modelled as a whole.

The relations that come of it, for the SQL to read:

- `fresh`: the `doc` of the documents to model, and `fresh_inputs`, where they were found;
- `kept_TABLE`: the rows of the last snapshot that stay.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import catalog
from pipeline.catalog import Table
from pipeline.duck import Connection, literal, row_of
from pipeline.warehouse.snapshot import table_file

#: Tables of which no row is kept: a key is counted over all documents.
_ANEW = ("keys", "runs")

#: Tables whose models make all rows, kept ones included: a citation resolves through any
#: paper's aliases.
WHOLE = ("citations", *_ANEW)

#: Beyond this share of all documents, modelling everything costs less than keeping rows.
MOST = 0.25

#: Honest documents are linked in two or three steps. A chain that a stranger made of many
#: documents takes one step for each, and a full build costs less.
MOST_STEPS = 12


def everything(connection: Connection) -> None:
    """Let every document be fresh, and nothing be kept.

    Args:
        connection: with `live` and `inputs`, as `model.locate` leaves them.
    """
    connection.execute("create view fresh as select doc from live")
    connection.execute("create view fresh_inputs as from inputs")
    for table in catalog.tables().values():
        columns = ", ".join(f"null::{column.type} as {column.name}" for column in table.columns)
        connection.execute(f"create view kept_{table.name} as select {columns} limit 0")


def changes(connection: Connection, previous: Path) -> bool:
    """Find what changed since a snapshot; tell whether keeping its rows is possible and pays.

    If not, nothing was created that `everything` creates.

    Args:
        connection: as in `everything`, with the views of the parts.
        previous: the snapshot's folder, made by this program with this keyring.
    """
    for name in catalog.TABLES:
        file = literal(str(table_file(previous, name)))
        connection.execute(f"create view last_{name} as from read_parquet({file})")
    connection.execute(_SEEN)
    connection.execute(_CHANGED)
    connection.execute(_GONE)
    connection.execute(_TOUCHED)
    (lost,) = row_of(connection, _LOST)
    if lost:
        return False
    if not spread(connection):
        return False
    connection.execute("create table fresh as from touched semi join live using (doc)")
    connection.execute(_FRESH_INPUTS)
    connection.execute(_TOUCHED_CONTENT)
    for name in catalog.TABLES:
        if name not in _ANEW:
            connection.execute(f"create view kept_{name} as {_kept(catalog.table(name))}")
    return True


_SEEN = """
create view last_inputs as
select path, position, bytes, sha256, status, reason, pointer as place, stale
from last_documents;

create view new_inputs as
select path, position, bytes, sha256, status, reason, place, stale
from inputs;
"""

#: Inputs that the last snapshot did not have as they are, and those that it had.
_CHANGED = "create table changed_inputs as from new_inputs except from last_inputs"
_GONE = "create table gone_inputs as from last_inputs except from new_inputs"

_TOUCHED = """
create table touched as
select min(doc) as doc
from part_documents
where
    sha256 in (select sha256 from changed_inputs)
    or sha256 in (select sha256 from gone_inputs)
group by sha256
"""

#: Documents that are gone, or no longer stand in for what replaced them, and of which staging
#: no longer knows what they were linked to.
_LOST = """
select count(*)
from gone_inputs
where (status = 'ok' or stale) and sha256 not in (select sha256 from part_documents)
"""

#: What links documents, as one text a link: numbers, event ids and the start of signatures,
#: which two signatures have in common that reuse a nonce (32 bytes are 42 characters and a bit).
#: `state_merged` needs the number that a state itself states, which need not be its bundle's.
_LINKS = """
select doc, pith_number as link from part_documents
union all
select doc, unnest([event_id, subject_pith_number, prev_event]) from part_events
union all
select doc, unnest(try_cast(supersedes::json as varchar[]))
from part_events
where supersedes <> '[]'
union all
select doc, pith_number from part_states
union all
select doc, unnest(applied_event_ids) from part_states
union all
select doc, left(signature_b64, 42) from part_signatures
"""


def spread(connection: Connection) -> bool:
    """Let `touched` grow until no document outside of it shares a link with one inside.

    Args:
        connection: with `live`, `touched` and the views of the parts.

    Returns:
        Whether it ended in time. If not, `touched` is not complete: it holds more than `MOST` of
        all documents, or takes more than `MOST_STEPS` steps, each of which reads all links.
    """
    connection.execute(f"create view links as {_LINKS}")
    connection.execute("create table followed (link varchar)")
    connection.execute("create table ahead as from touched")
    # staging also holds documents that were gone before
    connection.execute("create table known as select doc from live union from touched")
    for _ in range(MOST_STEPS):
        if not _pays(connection):
            return False
        connection.execute(
            """
            create or replace table reached as
            select distinct link
            from links
            semi join ahead using (doc)
            anti join followed using (link)
            where link is not null
            """
        )
        connection.execute("insert into followed from reached")
        connection.execute(
            """
            create or replace table ahead as
            select distinct doc
            from links
            semi join reached using (link)
            semi join known using (doc)
            anti join touched using (doc)
            """
        )
        connection.execute("insert into touched from ahead")
        (more,) = row_of(connection, "select count(*) from ahead")
        if not more:
            return _pays(connection)
    return False


def _pays(connection: Connection) -> bool:
    (share,) = row_of(
        connection, "select (select count(*) from touched) / (select count(*) from live)"
    )
    return share is not None and share <= MOST


_FRESH_INPUTS = """
create table fresh_inputs as
select inputs.*
from inputs
left join changed_inputs as changed using (path, position)
where changed.path is not null or inputs.doc in (select doc from fresh)
"""

#: The content that touched documents had or have, the numbers that they state, and where the
#: last snapshot found them.
_TOUCHED_CONTENT = """
create table touched_content as
select sha256, pith_number from part_documents semi join touched using (doc);

create table touched_sha256 as select sha256 from touched_content;

create table touched_places as
select path, position from last_documents where sha256 in (select sha256 from touched_content)
union
select path, position from gone_inputs;
"""


def _kept(table: Table) -> str:
    """Return the query of a table's rows that no touched document made."""
    columns = [column.name for column in table.columns]
    kept = f"from last_{table.name}"
    if table.name in ("documents", "findings"):
        kept = f"{kept} anti join touched_places using (path, position)"
        if table.name == "findings":
            codes = ", ".join(literal(check.code) for check in catalog.checks() if check.whole)
            kept = f"{kept} where code not in ({codes})"
        return kept
    if "document_sha256" in columns:
        return f"{kept} where document_sha256 not in (from touched_sha256)"
    return f"{kept} anti join touched_content using (pith_number)"
