"""Put the published snapshot into a bucket: files by their digests, a manifest, then the pointer.

What can be shared is not sent twice, and what a reader may need is not deleted:

- A file that the pointer's snapshot has stays in the bucket while that pointer stands. A file that
  is younger than the pointer stays, too. All other files are sent, even if they are there.
- Pruning deletes only what no kept snapshot has and what is older than the pointer that stands.
  A publisher who read an older pointer cannot replace this one. One who read this one relies on no
  file that is deleted here, but may send it again in the moment before it is deleted: prune by one
  publisher only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec

from pipeline import buckets
from pipeline.digests import is_intact
from pipeline.errors import UsageError, WarehouseError
from pipeline.warehouse import snapshot
from pipeline.warehouse.published import (
    MOST_BYTES,
    POINTER,
    Place,
    Pointer,
    Published,
    key_of,
    sha256,
    table_facts,
)
from pipeline.warehouse.snapshot import FileFacts, Manifest

#: How many files are on their way at once.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing did.

    Attributes:
        snapshot: the name of what is published.
        files: how many files it has.
        sent: how many of them were not there, and their bytes.
        sent_bytes: see `sent`.
        pruned: the snapshots that were deleted.
        replaced: whether another snapshot was published before, or none.
    """

    snapshot: str
    files: int
    sent: int = 0
    sent_bytes: int = 0
    pruned: tuple[str, ...] = ()
    replaced: bool = True

    @property
    def deleted(self) -> list[str]:
        """What pruning deleted, a line each."""
        return [f"deleted: {name}" for name in self.pruned]


def publish(warehouse: Path, url: str, keep: int | None = None) -> Outcome:
    """Put a warehouse's published snapshot in a bucket; readers see it or the one before.

    Args:
        warehouse: its folder.
        url: a prefix of a bucket.
        keep: how many snapshots to keep there; None deletes none.

    Raises:
        UsageError: it is no address that can be written, or the library is not installed.
        WarehouseError: nothing is published in the warehouse, a file of it is damaged, the bucket
            cannot be written, or another publisher was faster.
    """
    if url.startswith("https:"):
        message = f"a web server cannot be written: name a bucket, not {url}"
        raise UsageError(message)
    place, folder = Place(url), snapshot.current(warehouse)
    manifest, text = snapshot.manifest(folder), (folder / snapshot.MANIFEST).read_bytes()
    facts, pointer = table_facts(manifest), _pointer(manifest, text)
    before = place.published()
    if before and before.pointer == pointer:
        return Outcome(folder.name, len(facts), replaced=False)
    missing = _missing(place, before, facts)
    _send(place, folder, missing)
    with place.explained():
        buckets.write(place.at(pointer.manifest), text)
        new = buckets.replace(
            place.at(POINTER), msgspec.json.encode(pointer), before.meta if before else None
        )
    if not new:
        message = f"another publisher was faster at {place.url}; publish again if you mean to"
        raise WarehouseError(message)
    pruned = _prune(place, keep) if keep is not None else []
    sizes = [one.bytes for one in missing.values()]
    return Outcome(folder.name, len(facts), len(sizes), sum(sizes), tuple(pruned))


def _pointer(manifest: Manifest, text: bytes) -> Pointer:
    digest, tables = sha256(text), dict[str, list[str]]()
    for name, facts in table_facts(manifest).items():
        tables.setdefault(name.split("/", 1)[0], []).append(key_of(facts))
    key = f"snapshots/{manifest.snapshot}-{digest[:16]}.json"
    return Pointer(manifest.snapshot, key, digest, tables)


def _missing(
    place: Place, before: Published | None, facts: Mapping[str, FileFacts]
) -> dict[str, FileFacts]:
    """Return the files that must be sent."""
    kept = set().union(*before.pointer.tables.values()) if before else set[str]()
    there = {}
    for meta in chain.from_iterable(place.pages("files/")):
        key = place.below(meta["path"])
        young = before is None or meta["last_modified"] >= before.meta["last_modified"]
        if young or key in kept:
            there[key] = meta["size"]
    return {name: one for name, one in facts.items() if there.get(key_of(one)) != one.bytes}


def _send(place: Place, folder: Path, files: Mapping[str, FileFacts]) -> None:
    """Send files, each held against its digest first.

    Raises:
        WarehouseError: one is damaged, or cannot be sent.
    """

    def send(name: str) -> None:
        if not is_intact(folder / name, files[name].sha256):
            message = f"{folder / name} is damaged; build again, then publish"
            raise WarehouseError(message)
        with place.explained():
            buckets.write(place.at(key_of(files[name])), folder / name)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(send, files):
            pass


def _prune(place: Place, keep: int) -> list[str]:
    """Delete the snapshots but the newest, and the files that only they have; return their names.

    The one that is published stays, whatever its age.
    """
    published = place.published()
    if published is None:
        return []
    written = published.meta["last_modified"]
    manifests = {
        place.below(meta["path"]): meta["last_modified"] < written
        for page in place.pages("snapshots/")
        for meta in page
    }
    newest = sorted(manifests, reverse=True)[:keep]
    kept = {key for key, old in manifests.items() if not old} | {
        published.pointer.manifest,
        *newest,
    }
    gone = sorted(manifests.keys() - kept)
    used = {key for manifest in kept for key in _used(place, manifest)}
    # the manifests first: files without one are deleted by whoever prunes next
    _delete(place, gone)
    # page by page: between the look at a file and its deletion nobody should send it again
    for page in place.pages("files/"):
        found = {place.below(one["path"]): one["last_modified"] < written for one in page}
        _delete(place, [key for key, old in found.items() if old and key not in used])
    return [Path(key).name.split("-")[0] for key in gone]


def _used(place: Place, key: str) -> Iterator[str]:
    """Yield the keys of the files of a snapshot, by its manifest."""
    with place.explained():
        text, _ = buckets.read(place.at(key), MOST_BYTES)
        manifest = snapshot.read_manifest(text, place.url)
    yield from map(key_of, table_facts(manifest).values())


def _delete(place: Place, keys: Sequence[str]) -> None:
    with place.explained():
        buckets.delete(place.store, [place.at(key).key for key in keys])
