"""An incremental build models only the documents that a change touches.

A row of a published table depends on linked documents: they belong to one paper, hold the same
event or signature, or name each other in a chain. Linked documents are a group. If no document of a
group is new, changed or gone, its rows of the last snapshot are kept. A table that depends on all
documents is modelled as a whole (`Table.whole`).

`sql/session/catalogue.toml` describes the resulting relations `fresh`, `fresh_inputs` and
`kept_TABLE`, and the intermediate ones.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import catalog, session
from pipeline.catalog import KeptBy
from pipeline.duck import Connection, literal, row_of
from pipeline.warehouse.snapshot import table_file

#: Beyond this share of all documents, modelling everything costs less than keeping rows.
MOST = 0.25

#: Honest documents are linked in two or three steps. A chain that a stranger made of many
#: documents takes one step for each, and a full build costs less.
MOST_STEPS = 12

#: Which rows of the last snapshot stay: those that no touched document has a share in.
_KEPT = {
    KeptBy.PLACE: "anti join touched_places using (path, position)",
    KeptBy.CONTENT: "where document_sha256 not in (select sha256 from touched_content)",
    KeptBy.PAPER: "anti join touched_content using (pith_number)",
}


def everything(connection: Connection) -> None:
    """Make every document fresh, and keep no rows.

    Args:
        connection: with `live` and `inputs`, as `tables.locate` leaves them.
    """
    connection.execute("create view fresh as select doc from live")
    connection.execute("create view fresh_inputs as from inputs")
    for table in catalog.tables().values():
        none = session.empty((column.name, column.type) for column in table.columns)
        connection.execute(f"create view kept_{table.name} as {none}")


def changes(connection: Connection, previous: Path) -> bool:
    """Find the changes since a snapshot; tell whether keeping its rows is possible and pays.

    If not, the relations of `everything` do not exist yet.

    Args:
        connection: as in `everything`, with the views of the parts.
        previous: the snapshot's folder, made by this program with this keyring.
    """
    for name in catalog.tables():
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
        if table.kept_by is not None:
            kept = f"from last_{name} {_KEPT[table.kept_by]}"
            connection.execute(f"create view kept_{name} as {kept}")
    return True


def spread(connection: Connection) -> bool:
    """Add linked documents to `touched` until no document outside has a link into it.

    Args:
        connection: with `live`, `touched` and the views of the parts.

    Returns:
        Whether it ended in time. If not, `touched` is not complete: it holds more than `MOST` of
        all documents, or takes more than `MOST_STEPS` steps, each of which reads all links.
    """
    session.create_view(connection, "links")
    connection.execute("create table followed (link varchar)")
    connection.execute("create table ahead as from touched")
    # staging also holds documents that were gone earlier
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
