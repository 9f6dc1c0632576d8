"""What a build must model anew: the documents that a change touches, and no others.

A row of a published table depends on the documents of one paper, on those that hold one event
or one signature, and on those that their chains name. Documents so linked are a group; a group
without a new, changed or gone document makes the rows that it made in the last snapshot, which
are kept as they stand there. What depends on all documents (`Table.whole`) is modelled as a
whole.

The relations that come of it, `fresh`, `fresh_inputs` and `kept_TABLE`, are described in
`sql/session/catalogue.toml`, as are those on the way.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import catalog, session
from pipeline.catalog import Table
from pipeline.duck import Connection, literal, row_of
from pipeline.warehouse.snapshot import table_file

#: Beyond this share of all documents, modelling everything costs less than keeping rows.
MOST = 0.25

#: Honest documents are linked in two or three steps. A chain that a stranger made of many
#: documents takes one step for each, and a full build costs less.
MOST_STEPS = 12


def everything(connection: Connection) -> None:
    """Let every document be fresh, and nothing be kept.

    Args:
        connection: with `live` and `inputs`, as `tables.locate` leaves them.
    """
    connection.execute("create view fresh as select doc from live")
    connection.execute("create view fresh_inputs as from inputs")
    for table in catalog.tables().values():
        none = session.empty((column.name, column.type) for column in table.columns)
        connection.execute(f"create view kept_{table.name} as {none}")


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
    session.create_view(connection, "last_inputs")
    session.create_view(connection, "new_inputs")
    for name in ("changed_inputs", "gone_inputs", "touched"):
        session.create_table(connection, name)
    (unlinked,) = row_of(connection, session.query("unlinked"))
    if unlinked or not spread(connection):
        return False
    connection.execute("create table fresh as from touched semi join live using (doc)")
    for name in ("fresh_inputs", "touched_content", "touched_places"):
        session.create_table(connection, name)
    for name, table in catalog.tables().items():
        if table.incremental != "anew":
            connection.execute(f"create view kept_{name} as {_kept(table)}")
    return True


def spread(connection: Connection) -> bool:
    """Let `touched` grow until no document outside of it shares a link with one inside.

    Args:
        connection: with `live`, `touched` and the views of the parts.

    Returns:
        Whether it ended in time. If not, `touched` is not complete: it holds more than `MOST` of
        all documents, or takes more than `MOST_STEPS` steps, each of which reads all links.
    """
    session.create_view(connection, "links")
    connection.execute("create table followed (link varchar)")
    connection.execute("create table ahead as from touched")
    # staging also holds documents that were gone before
    connection.execute("create table known as select doc from live union from touched")
    for _ in range(MOST_STEPS):
        if not _pays(connection):
            return False
        session.create_table(connection, "reached")
        connection.execute("insert into followed from reached")
        session.create_table(connection, "ahead")
        connection.execute("insert into touched from ahead")
        (more,) = row_of(connection, "select count(*) from ahead")
        if not more:
            return _pays(connection)
    return False


def _pays(connection: Connection) -> bool:
    (share,) = row_of(connection, session.query("share_touched"))
    return share is not None and share <= MOST


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
        return f"{kept} where document_sha256 not in (select sha256 from touched_content)"  # noqa: S608 - our own
    return f"{kept} anti join touched_content using (pith_number)"
