"""What an operator does with published snapshots: list, compare, go back, clear away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from pipeline import catalog, snapshot, staging
from pipeline.errors import UsageError, WarehouseError
from pipeline.model import Connection, literal, quote
from pipeline.snapshot import Manifest


def history(warehouse: Path) -> list[tuple[Manifest, bool]]:
    """Return (manifest, whether it is published) of every snapshot, the newest first.

    Raises:
        WarehouseError: nothing is published.
    """
    published = snapshot.current(warehouse)
    return [
        (snapshot.manifest(folder), folder == published)
        for folder in sorted(published.parent.iterdir(), reverse=True)
        if (folder / "manifest.json").exists()
    ]


def folder(warehouse: Path, name: str) -> Path:
    """Return the folder of a snapshot by its name, or of `current`.

    Raises:
        UsageError: there is no such snapshot.
        WarehouseError: nothing is published.
    """
    published = snapshot.current(warehouse)
    if name == "current":
        return published
    known = {manifest.snapshot for manifest, _ in history(warehouse)}
    if name not in known:
        message = f"there is no snapshot {name!r}; `pith-etl history` lists them"
        raise UsageError(message)
    return published.parent / name


def rollback(warehouse: Path, name: str | None) -> str:
    """Publish an older snapshot again, and return its name.

    Args:
        warehouse: the warehouse.
        name: the snapshot; None for the one before the published one.

    Raises:
        UsageError: there is no such snapshot, or none before.
        WarehouseError: a file of it is missing, or a build is writing.
    """
    with snapshot.locked(warehouse):
        if name is None:
            published = snapshot.current(warehouse).name
            older = [m.snapshot for m, _ in history(warehouse) if m.snapshot < published]
            if not older:
                message = f"there is no snapshot before {published}"
                raise UsageError(message)
            name = older[0]
        target = folder(warehouse, name)
        missing = [file for file in snapshot.manifest(target).files if not (target / file).exists()]
        if missing:
            message = f"{target} lacks {missing[0]}; it cannot be published"
            raise WarehouseError(message)
        snapshot.publish(warehouse, warehouse / "snapshots" / name)
        return name


def prune(warehouse: Path, keep: int) -> list[str]:
    """Delete all but the newest snapshots, and staged parts of which nothing is needed.

    The published snapshot stays, whatever its age.

    Args:
        warehouse: the warehouse.
        keep: how many snapshots stay.

    Returns:
        The names of the snapshots that were deleted.
    """
    with snapshot.locked(warehouse):
        snapshot.sweep(warehouse)
        gone = [
            manifest.snapshot for manifest, published in history(warehouse)[keep:] if not published
        ]
        for name in gone:
            shutil.rmtree(warehouse / "snapshots" / name)
        _prune_parts(warehouse / "staging")
        return gone


def _prune_parts(directory: Path) -> None:
    """Delete parts that this version cannot read, or of which no document is listed.

    Without a listing nobody knows what is needed, and nothing is deleted.
    """
    listed = directory / "listing" / "documents.parquet"
    if not listed.exists():
        return
    needed = pq.read_table(listed, columns=["sha256", "good_sha256"])
    digests = set(needed["sha256"].to_pylist()) | set(needed["good_sha256"].to_pylist())
    usable = {part.path.name: part for part in staging.parts(directory)}
    for path in (directory / "parts").iterdir():
        if path.name not in usable or digests.isdisjoint(staging.part_digests(usable[path.name])):
            shutil.rmtree(path)


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows of a table only the newer snapshot has, only the older, or both but changed."""

    table: str
    added: int
    removed: int
    changed: int


def diff(warehouse: Path, old: str, new: str) -> Iterator[Difference]:
    """Yield the differences of two snapshots, a table each, all but `runs`."""
    for name in catalog.TABLES:
        if name != "runs":
            with duckdb.connect() as connection:
                query = diff_query(connection, warehouse, old, new, name)
                counted = f"select change, count(*) from ({query}) group by change"  # noqa: S608 - our own SQL
                counts = dict(connection.execute(counted).fetchall())
            yield Difference(
                name, counts.get("added", 0), counts.get("removed", 0), counts.get("changed", 0)
            )


def diff_query(connection: Connection, warehouse: Path, old: str, new: str, name: str) -> str:
    """Return a query of the rows that differ: `change`, the row, and of a changed one `before`.

    Args:
        connection: receives the views that the query reads.
        warehouse: the warehouse.
        old: the older snapshot, by name or `current`.
        new: the newer one.
        name: the table.
    """
    table = catalog.table(name)
    for side, which in (("old", old), ("new", new)):
        files = literal(f"{folder(warehouse, which)}/{name}/*.parquet")
        # the whole row as one value, to be compared as such
        connection.execute(
            f"create or replace view {side} as "  # noqa: S608 - a path of our own, quoted
            f"select entire_row as whole, entire_row.* from read_parquet({files}) as entire_row"
        )
    same = " and ".join(
        f"old.{quote(key)} is not distinct from new.{quote(key)}" for key in table.key
    )
    order = ", ".join(f"whole.{quote(key)}" for key in table.key)
    return f"""
        with differing as (
            select
                case
                    when old.whole is null then 'added'
                    when new.whole is null then 'removed'
                    else 'changed'
                end as change,
                coalesce(new.whole, old.whole) as whole,
                case when new.whole is not null then to_json(old.whole)::varchar end as before
            from old
            full outer join new on {same}
            where old.whole is distinct from new.whole
        )

        select change, unnest(whole), before
        from differing
        order by {order}, change
    """  # noqa: S608 - names of our own, quoted
