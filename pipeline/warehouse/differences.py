"""How two snapshots differ: how many rows of each table, or the rows of one, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import catalog, session
from pipeline.engine import Connection, literal, parquet, quote
from pipeline.warehouse import snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows of a table only the newer snapshot has, only the older, or both but changed."""

    table: str
    added: int
    removed: int
    changed: int


def diff(connection: Connection, old: Path, new: Path) -> Iterator[Difference]:
    """Yield the differences of two snapshots, by their folders, a table each, all but `runs`."""
    for name in catalog.tables():
        if name != "runs":
            query = diff_query(old, new, name)
            counted = f"select change, count(*) from ({query}) group by change"  # noqa: S608 - our own SQL
            counts = dict(connection.execute(counted).fetchall())
            yield Difference(
                name, counts.get("added", 0), counts.get("removed", 0), counts.get("changed", 0)
            )


def diff_query(old: Path, new: Path, name: str) -> str:
    """Return a query of the rows that differ.

    Its columns are `change`, `changed_columns` (the names, of a changed row), the row, and `before`
    (of a changed row the older one, as a struct).

    Args:
        old: the folder of the older snapshot.
        new: that of the newer one.
        name: the table.

    Raises:
        UsageError: there is no such table.
    """
    table = catalog.table(name)
    same = " and ".join(
        f"older.{quote(key)} is not distinct from newer.{quote(key)}" for key in table.key
    )
    columns = [column.name for column in table.columns]
    names = ", ".join(map(literal, columns))
    differ = ", ".join(
        f"older.{quote(name)} is distinct from newer.{quote(name)}" for name in columns
    )
    pairs = (
        f"with older as ({_whole_rows(old, table)}), newer as ({_whole_rows(new, table)}) "  # noqa: S608 - names of our own, quoted
        "select older.whole as old, newer.whole as new, "
        f"list_where([{names}], [{differ}]) as columns "
        f"from older full outer join newer on {same}"
    )
    order = ", ".join(map(quote, table.key))
    return f"{session.query('row_differences', pairs=pairs)} order by {order}, change"


def _whole_rows(folder: Path, table: catalog.Table) -> str:
    """Return a query of a table's rows: each as its columns, and as one value, `whole`.

    A snapshot of an older program may lack a column, which is null then, or the table.
    """
    columns = [(column.name, column.type) for column in table.columns]
    named = ", ".join(quote(name) for name, _ in columns)
    every = f"({session.empty(columns)})"
    if table.name in snapshot.manifest(folder).rows:
        every += f" union all by name from {parquet(snapshot.table_files(folder, table.name))}"
    rows = f"select {named} from ({every})"  # noqa: S608 - names of our own, quoted
    return f"select entire_row as whole, entire_row.* from ({rows}) as entire_row"  # noqa: S608 - see above
