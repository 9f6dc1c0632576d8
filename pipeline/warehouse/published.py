"""A snapshot in a bucket: how it lies there, and how a reader gets a copy that is whole.

Below the prefix lie `files/SHA256.parquet`, the files of all tables by their digests, and
`snapshots/NAME-DIGEST.json`, the manifest of each snapshot. `current.json` points at one manifest.
It is replaced by one conditional request, so a reader sees one snapshot or the next.

A reader copies what it lacks into a cache, a warehouse of its own. Each file is held against its
digest, so that all that a `Warehouse` promises holds of the copy.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline import buckets, catalog
from pipeline.digests import is_intact
from pipeline.errors import WarehouseError
from pipeline.outputs import put_whole
from pipeline.warehouse import snapshot
from pipeline.warehouse.snapshot import FileFacts, Manifest

if TYPE_CHECKING:
    from obstore import ObjectMeta

POINTER = "current.json"
#: A pointer and a manifest have some 100 bytes for each file of a table.
MOST_BYTES = 64 * 2**20

#: How many snapshots the cache keeps, so that readers of older ones go on.
_CACHED = 3
#: How often a reader begins again because the snapshot that it copies was pruned.
_TRIES = 3

_FILE = re.compile(r"([a-z_]+)/[0-9A-Za-z-]+\.parquet", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Pointer(msgspec.Struct, frozen=True):
    """What is published: the content of `current.json`.

    Attributes:
        snapshot: its name.
        manifest: the key of its manifest, below the prefix.
        sha256: the digest of the manifest, in hex.
        tables: table to the keys of its files, below the prefix, in order: for whoever reads them
            with another program.
    """

    snapshot: str
    manifest: str
    sha256: str
    tables: dict[str, list[str]]


class Published(NamedTuple):
    """A pointer as it was read, and what the server says of it, by which it can be replaced."""

    pointer: Pointer
    meta: ObjectMeta


def sha256(text: bytes) -> str:
    """Return the digest of a manifest, in hex."""
    return hashlib.sha256(text).hexdigest()


def key_of(facts: FileFacts) -> str:
    """Return the key of a table's file, below the prefix."""
    return f"files/{facts.sha256}.parquet"


def table_facts(manifest: Manifest) -> dict[str, FileFacts]:
    """Return the files of the tables, by their names in a snapshot's folder, in order."""
    files = manifest.files
    return {name: files[name] for name in sorted(files) if files[name].rows is not None}


class Place:
    """A prefix of a bucket, or of a web server that shows one."""

    def __init__(self, url: str) -> None:
        """Take the address apart.

        Raises:
            UsageError: it is none, or the library is not installed.
        """
        self.url = url.rstrip("/")
        address = buckets.address_of(f"{self.url}/{POINTER}")
        # a web server has no buckets: the whole address but for the file is the place
        self.store = address.store if address.key else self.url
        self._prefix = address.key.removesuffix(POINTER)

    def at(self, key: str) -> buckets.Address:
        """Return the address of a key below the prefix."""
        return buckets.Address(self.store, f"{self._prefix}{key}")

    def below(self, path: str) -> str:
        """Return the key below the prefix of what the store lists."""
        return path.removeprefix(self._prefix)

    def published(self) -> Published | None:
        """Return what is published here, or None.

        Raises:
            WarehouseError: it cannot be read.
        """
        try:
            with self.explained():
                text, meta = buckets.read(self.at(POINTER), MOST_BYTES)
                return Published(msgspec.json.decode(text, type=Pointer), meta)
        except FileNotFoundError:
            return None

    def manifest(self, pointer: Pointer) -> bytes:
        """Return the manifest that a pointer names.

        Raises:
            FileNotFoundError: it was pruned.
            WarehouseError: it cannot be read, or is another.
        """
        with self.explained():
            text, _ = buckets.read(self.at(pointer.manifest), MOST_BYTES)
            if sha256(text) != pointer.sha256:
                message = f"{pointer.manifest} is not what {POINTER} says"
                raise OSError(message)
            return text

    def pages(self, folder: str) -> Iterator[Sequence[ObjectMeta]]:
        """Yield the objects below a folder of the prefix, some at a time.

        Raises:
            WarehouseError: they cannot be listed.
        """
        with self.explained():
            yield from buckets.pages(self.at(folder))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an error into one that names the place; what is missing stays as it is.

        Raises:
            WarehouseError: the block failed.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            message = f"the published warehouse {self.url} cannot be used: {error}"
            raise WarehouseError(message) from None


def fetched(url: str) -> Path:
    """Return a warehouse on this machine with the snapshot that is published at an address.

    It is in the cache of this user. What is there already is not read again.

    Raises:
        UsageError: it is no address, or the library is not installed.
        WarehouseError: nothing is published there, or it cannot be read or is not as it says.
    """
    place = Place(url)
    cache = _cache(place.url)
    for _ in range(_TRIES):
        found = place.published()
        if found is None:
            message = f"nothing is published at {place.url}: `pith-etl publish {place.url}` does"
            raise WarehouseError(message)
        try:
            _copy(place, found.pointer, cache)
        except FileNotFoundError:
            continue  # it was replaced and pruned meanwhile
        return cache
    message = f"files of the snapshot that is published at {place.url} are missing: publish again"
    raise WarehouseError(message)


def _cache(url: str) -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - as `Warehouse` does
    return Path(root, "pith-etl", hashlib.sha256(url.encode()).hexdigest()[:16])


def _copy(place: Place, pointer: Pointer, cache: Path) -> None:
    """Copy a snapshot into a cache, if it is not there, and publish it there."""
    if not snapshot.is_name(pointer.snapshot):
        message = f"the pointer of {place.url} names the snapshot {pointer.snapshot[:40]!r}"
        raise WarehouseError(message)
    folder = cache / "snapshots" / pointer.snapshot
    if _holds(folder, pointer) and snapshot.target(cache) == folder.resolve():
        return
    text = place.manifest(pointer)
    manifest = _checked(place, text)
    with snapshot.locked(cache, wait=True):
        if not _holds(folder, pointer):
            snapshot.remove_leftovers(cache)
            if folder.exists():
                snapshot.remove(folder)
            _fill(place, manifest, folder)
            with put_whole(folder / snapshot.MANIFEST) as aside:
                aside.write_bytes(text)
        snapshot.publish(cache, folder)
        for old in snapshot.finished(cache)[_CACHED:]:
            snapshot.remove(old)


def _holds(folder: Path, pointer: Pointer) -> bool:
    return is_intact(folder / snapshot.MANIFEST, pointer.sha256)


def _checked(place: Place, text: bytes) -> Manifest:
    """Return a manifest whose names and digests are those of tables, but for the database."""
    with place.explained():
        found = snapshot.read_manifest(text, place.url)
        for name, facts in found.files.items():
            if name == snapshot.DATABASE and facts.rows is None:
                continue
            match = _FILE.fullmatch(name)
            is_table = match and match[1] in catalog.tables() and facts.rows is not None
            if not (is_table and _SHA256.fullmatch(facts.sha256)):
                message = f"the manifest names the file {name[:80]!r}"
                raise OSError(message)
    return found


def _fill(place: Place, manifest: Manifest, folder: Path) -> None:
    """Make the files of a snapshot's tables: links to those of others, or copies."""
    there = {
        facts.sha256: other / name
        for other in snapshot.finished(folder.parent.parent)
        for name, facts in table_facts(snapshot.manifest(other)).items()
    }
    jobs = []
    for name, facts in table_facts(manifest).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if facts.sha256 in there:
            target.hardlink_to(there[facts.sha256])
        else:
            jobs.append(partial(_fetch, place, facts, target))
    for job in jobs:
        job()


def _fetch(place: Place, facts: FileFacts, target: Path) -> None:
    """Copy a file; one that is not as the manifest says stops the copy."""
    digest, size = hashlib.sha256(), 0
    with place.explained(), target.open("wb") as file:
        for chunk in buckets.stream(place.at(key_of(facts))):
            size += len(chunk)
            if size > facts.bytes:
                break
            digest.update(chunk)
            file.write(chunk)
        if (size, digest.hexdigest()) != (facts.bytes, facts.sha256):
            message = f"{key_of(facts)} is not what the manifest says"
            raise OSError(message)
    target.chmod(0o444)
