"""The operator's jobs on published snapshots: list, roll back, delete."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb

from pipeline.duck import column, connect, parquet
from pipeline.errors import UsageError, WarehouseError
from pipeline.interrupts import interruptible
from pipeline.runner import part_store
from pipeline.runner.part_store import Part
from pipeline.sources import inventory
from pipeline.warehouse import snapshot
from pipeline.warehouse.snapshot import Manifest


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot on disk; `manifest` is None where it is broken or of another layout."""

    name: str
    manifest: Manifest | None
    published: bool


def history(warehouse: Path) -> list[Kept]:
    """Return the snapshots that are kept, the newest first.

    Raises:
        WarehouseError: no snapshot is published.
    """
    published = snapshot.target(warehouse)
    found = [
        Kept(folder.name, _manifest(folder), folder.resolve() == published)
        for folder in snapshot.finished(warehouse)
    ]
    if not found:
        snapshot.current(warehouse)
    return found


def _manifest(folder: Path) -> Manifest | None:
    try:
        return snapshot.manifest(folder)
    except WarehouseError:
        return None


def rollback(warehouse: Path, name: str | None) -> str:
    """Publish an older snapshot again, and return its name.

    Args:
        warehouse: the warehouse.
        name: the snapshot; None for the one before the published one.

    Raises:
        UsageError: there is no such snapshot, or none before.
        WarehouseError: there is no snapshot, a file of it is damaged, or a build is writing.
    """
    history(warehouse)  # fails for a mistyped warehouse, before the lock would make its directory
    with snapshot.locked(warehouse):
        target = snapshot.folder(warehouse, _before(warehouse) if name is None else name)
        if damaged := snapshot.damaged(target):
            message = (
                f"{target} cannot be published: {', '.join(damaged)} is missing or not as it was "
                "written; roll back to another snapshot, or build"
            )
            raise WarehouseError(message)
        snapshot.publish(warehouse, warehouse / "snapshots" / target.name)
        return target.name


def _before(warehouse: Path) -> str:
    """Return the name of the newest snapshot that is older than the published one."""
    published = snapshot.current(warehouse).name
    for kept in history(warehouse):
        if kept.name < published and kept.manifest is not None:
            return kept.name
    message = f"there is no snapshot before {published}"
    raise UsageError(message)


def prune(warehouse: Path, keep: int) -> list[str]:
    """Delete all but the newest snapshots, and the staged parts without a needed document.

    The published snapshot stays, also if it is older.

    Args:
        warehouse: the warehouse.
        keep: how many snapshots stay.

    Returns:
        The names of the snapshots that were deleted.

    Raises:
        WarehouseError: there is no snapshot, a build is writing, or a file cannot be deleted.
    """
    history(warehouse)  # as in `rollback`
    with snapshot.locked(warehouse):
        try:
            snapshot.remove_leftovers(warehouse)
            return clear(warehouse, keep)
        except (OSError, duckdb.Error) as error:
            message = f"cannot prune the warehouse {warehouse}: {error}"
            raise WarehouseError(message) from error


def clear(warehouse: Path, keep: int, *, parts: bool = True) -> list[str]:
    """Delete as `prune` does, staged parts only on request; the caller holds the lock."""
    published = snapshot.target(warehouse)
    old = [
        folder for folder in snapshot.finished(warehouse)[keep:] if folder.resolve() != published
    ]
    for folder in old:
        snapshot.remove(folder)
    if parts:
        _prune_parts(warehouse)
    return [folder.name for folder in old]


def _prune_parts(warehouse: Path) -> None:
    """Delete parts that this version cannot read, and parts without a needed document.

    Only a listing says which documents are needed. Without one, only unreadable parts are deleted.
    """
    directory = warehouse / "staging"
    usable = {part.path: part for part in part_store.parts(directory)}
    every = set(part_store.folders(directory))
    for path in every - usable.keys() | _unneeded(warehouse, usable.values()):
        snapshot.remove_folder(path)


def _unneeded(warehouse: Path, parts: Iterable[Part]) -> set[Path]:
    """Return the folders of the parts without a document of the listing or the snapshots."""
    directory = warehouse / "staging"
    listed, work = inventory.latest(directory), directory / "work" / "prune"
    if listed is None:
        return set()
    left = list(parts)
    work.mkdir(parents=True)
    try:
        with connect(work, 1) as connection, interruptible(connection):
            # one after the other: in most nights the listing names something of each part
            for query in chain([inventory.contents(listed)], _contents(warehouse)):
                part_store.write_known(work / "needed", column(connection, query))
                left = _without(left, work / "needed")
                if not left:
                    break
    finally:
        shutil.rmtree(work)
    return {part.path for part in left}


def _contents(warehouse: Path) -> Iterator[str]:
    """Yield a query for each snapshot that can be read, as `inventory.contents` of a listing.

    `check` needs these documents after a rollback.
    """
    for files in snapshot.intact(warehouse, "documents"):
        yield (
            f"select unhex(sha256) as sha256 from {parquet(files)} "  # noqa: S608 - our own paths
            "where sha256 is not null order by sha256"
        )


def _without(parts: Iterable[Part], needed: Path) -> list[Part]:
    """Return the parts without a document among the digests of a file."""
    with part_store.DigestSet(needed) as known:
        return [
            part
            for part in parts
            if not any(digest in known for digest in part_store.part_digests(part))
        ]
