"""An incremental build models only the documents that a change touches.

If no document of a group (`pipeline.model.groups`) is new, changed or gone, its rows of the last
snapshot are kept; if no group of a range is touched, its files are.

`sql/session/catalogue.toml` describes the resulting relations `fresh`, `fresh_inputs`, `touched_*`
and the intermediate ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from pipeline import catalog, session
from pipeline.catalog import KeptBy, Table
from pipeline.duck import Connection, literal, parquet, quote, row_of
from pipeline.model import groups
from pipeline.model.concurrent import run_concurrently
from pipeline.model.ranges import Range, range_of
from pipeline.model.tables import write_table
from pipeline.warehouse.snapshot import Last, link_file, table_file, table_files

#: Beyond this share of all documents, modelling everything costs less than keeping rows.
MOST = 0.25

#: Which rows of the last snapshot stay: those that no touched document has a share in.
_KEPT = {
    KeptBy.PLACE: "anti join touched_places using (path, position)",
    KeptBy.CONTENT: "where document_sha256 not in (select sha256 from touched_content)",
    KeptBy.PAPER: "anti join touched_content using (pith_number)",
}


def everything(connection: Connection) -> None:
    """Make every document fresh.

    Args:
        connection: with `live` and `inputs`, as `tables.locate` leaves them.
    """
    connection.execute("create view fresh as select doc from live")
    connection.execute("create view fresh_inputs as from inputs")


def changes(connection: Connection, last: Last) -> bool:
    """Find the changes since a snapshot; tell whether keeping its rows is possible and pays.

    If not, the relations of `everything` do not exist yet.

    Args:
        connection: as in `everything`, with the views of the parts.
        last: the snapshot, made by this program with this keyring, and undamaged.
    """
    for name in catalog.tables():
        files = table_files(last.folder, name)
        connection.execute(f"create view last_{name} as from {parquet(files)}")
    session.create_view(connection, "last_inputs")
    session.create_view(connection, "new_inputs")
    for name in ("changed_inputs", "gone_inputs", "touched"):
        session.create_table(connection, name)
    (unlinked,) = row_of(connection, session.query("unlinked"))
    if unlinked or not _pays(connection) or not spread(connection):
        return False
    connection.execute("create table fresh as from touched semi join live using (doc)")
    for name in ("fresh_inputs", "touched_content", "touched_places"):
        session.create_table(connection, name)
    return True


def spread(connection: Connection) -> bool:
    """Add linked documents to `touched` until no document outside has a link into it.

    Args:
        connection: with `live`, `touched` and the views of the parts.

    Returns:
        Whether keeping rows still pays; if not, `touched` may lack linked documents.
    """
    # staging also holds documents that were gone earlier
    connection.execute("create or replace table known as select doc from live union from touched")
    if not groups.find_ties(connection):
        return False
    groups.reach_touched(connection)
    session.create_table(connection, "spread")
    connection.execute("create or replace table touched as from spread")
    return _pays(connection)


def _pays(connection: Connection) -> bool:
    (share,) = row_of(connection, session.query("share_touched"))
    return share is not None and share <= MOST


def untouched(connection: Connection, ranges: Sequence[Range], last: Last) -> list[Range]:
    """Return the ranges that the last snapshot has, too, and of which no row can change.

    Args:
        connection: as `changes` leaves it.
        ranges: of this build.
        last: the snapshot.
    """
    keys = connection.execute(session.query("affected_keys")).fetchall()
    affected = {range_of(key, ranges) for (key,) in keys}
    before = last_ranges(last)
    return [one for one in ranges if one in before and one not in affected]


def complete(
    connection: Connection, folder: Path, ranges: Sequence[Range], last: Last, threads: int
) -> list[Range]:
    """Write the tables of the ranges that changed, and link those of the others; return these.

    Args:
        connection: as `changes` leaves it, with the fresh rows of each table by its name.
        folder: of the snapshot.
        ranges: of this build.
        last: the last snapshot.
        threads: how many queries run at a time.
    """
    same = untouched(connection, ranges, last)
    link_tables(last, folder, catalog.modelled(), same)
    jobs = {}
    for name in catalog.modelled():
        connection.execute(f"alter table {quote(name)} rename to fresh_{name}")
        for one in ranges:
            if one not in same:
                jobs[f"{name} {one.name}"] = partial(_complete, folder, name, one, last)
    for _ in run_concurrently(connection, jobs, threads):
        pass
    return same


def _complete(folder: Path, name: str, one: Range, last: Last, connection: Connection) -> None:
    table = catalog.table(name)
    query = fresh_and_kept(f"fresh_{name}", table, one, last)
    write_table(connection, table, query, table_file(folder, name, one.name))


def begun(
    ranges: Sequence[Range], same: Sequence[Range], last: Last
) -> dict[str, dict[Range, str]]:
    """Return the queries of the citations and findings of the ranges that are not the same."""
    return {
        name: {
            one: fresh_and_kept(f"document_{name}", catalog.table(name), one, last)
            for one in ranges
            if one not in same
        }
        for name in catalog.finished()
    }


def fresh_and_kept(fresh: str, table: Table, one: Range, last: Last) -> str:
    """Return the query of the rows of a range in a table: of `fresh`, and those that are kept."""
    new = f"from {fresh} where {one.holds(table.number)}"
    return f"{new} union all by name ({kept(table, kept_rows(last, table, one))})"


def last_ranges(last: Last) -> list[Range]:
    """Return the ranges of the last snapshot, in order."""
    return [Range(*bounds) for bounds in last.manifest.ranges]


def kept_rows(last: Last, table: Table, one: Range) -> str:
    """Return the relation of the rows that the last snapshot has in a range."""
    overlapping = [old for old in last_ranges(last) if old.low < one.high and one.low < old.high]
    rows = parquet(table_file(last.folder, table.name, old.name) for old in overlapping)
    if overlapping == [one]:
        return rows
    return f"(from {rows} where {one.holds(table.number)})"


def link_tables(last: Last, folder: Path, tables: Iterable[str], ranges: Iterable[Range]) -> None:
    """Let a snapshot have files of the last one."""
    for name in tables:
        for one in ranges:
            link_file(last.folder, folder, name, one.name)


def kept(table: Table, rows: str) -> str:
    """Return the query of the rows of a table that come from untouched documents.

    Args:
        table: of the last snapshot.
        rows: the relation of its rows, or of some of them.
    """
    if table.name == "citations":
        # which paper cites is found anew
        rows = f"(select * exclude (citing_pith_number) from {rows})"  # noqa: S608 - our own
    if table.name == "findings":
        rows = f"(from {rows} where code not in ({whole_codes()}))"
    return f"from {rows} {_KEPT[table.kept_by]}" if table.kept_by else f"from {rows}"


def whole_codes() -> str:
    """Return the codes of the checks that read all documents, as SQL literals."""
    return ", ".join(literal(check.code) for check in catalog.checks() if check.whole)
