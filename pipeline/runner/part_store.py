"""The staging cache on disk: parts, each the staged tables of a batch of documents.

A part is a folder of Parquet files and a `part.json`. It is keyed by the digests of its
documents, written aside and renamed, and never changes: a document that any part holds is not
parsed again. The cache can be deleted at any time; the next build fills it anew.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

import pipeline
from pipeline.digests import file_sha256, is_intact
from pipeline.stage.schema import TABLES

#: The code below `pipeline/` that determines a part. A changed version makes parts anew.
SOURCES = ("documents", "stage", "limits.py", "vocabulary.py")
_DIGEST_BYTES = 32

#: About how many row groups a file of a part has, and how many rows each has at least.
_ROW_GROUPS = 4
_LEAST_ROWS = 256
_NAME = re.compile(r"[0-9a-f]{64}")


class _PartFacts(msgspec.Struct):
    """The fields of `part.json`: the writing version, the pinned keys, each table's SHA-256."""

    version: str
    keys: list[str]
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part on disk.

    Attributes:
        path: its folder.
        keys: the pinned keys when it was made (`PinnedKey.label`).
        sha256: of the file of each table, in hex.
    """

    path: Path
    keys: frozenset[str]
    sha256: Mapping[str, str]


@cache
def stage_version() -> str:
    """Return the digest of the code that makes parts."""
    package = Path(pipeline.__file__).parent
    files = (file for name in SOURCES for file in sources(package / name))
    return hashlib.sha256(b"".join(map(Path.read_bytes, files))).hexdigest()[:16]


def sources(place: Path) -> list[Path]:
    """Return the modules of a package, or the one module, in order."""
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def write_part(staging: Path, tables: dict[str, pa.Table], keys: Iterable[str]) -> None:
    """Write the staged tables of a batch as one part, all or nothing.

    Args:
        staging: the warehouse's staging directory.
        tables: as `stage.stage` returns them, of at least one document.
        keys: the pinned keys (`PinnedKey.label`).
    """
    digests = "".join(sorted(tables["documents"]["sha256"].to_pylist()))
    # the name holds the version, too: parts of another version are useless
    part_id = hashlib.sha256(f"{stage_version()}{digests}".encode()).hexdigest()
    # a number of its own: processes of several machines may have one number
    aside = staging / "aside" / f"{part_id}-{uuid4().int}"
    aside.mkdir(parents=True)
    for name, table in tables.items():
        pq.write_table(
            table,
            aside / f"{name}.parquet",
            # a range of documents is some of the groups, told by the least and the greatest `doc`
            row_group_size=max(_LEAST_ROWS, table.num_rows // _ROW_GROUPS),
            write_statistics=["doc"],
            # written once and read a few times: a small format that is cheap to write
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            store_schema=False,
        )
    files = {name: file_sha256(aside / f"{name}.parquet") for name in tables}
    facts = _PartFacts(stage_version(), sorted(keys), files)
    (aside / "part.json").write_bytes(msgspec.json.encode(facts))
    final = staging / "parts" / part_id
    final.parent.mkdir(exist_ok=True)
    if final.is_dir() and not is_usable(final):
        shutil.rmtree(final)
    try:
        aside.rename(final)
    except OSError:
        # another worker staged the same documents: its part is equal
        if not final.is_dir():
            raise
        shutil.rmtree(aside)


def folders(staging: Path) -> list[Path]:
    """Return the entries with names of parts, by name; only these are ours to delete."""
    return sorted(path for path in (staging / "parts").glob("*") if _NAME.fullmatch(path.name))


def parts(staging: Path) -> list[Part]:
    """Return the parts that this version of the program can use, by name."""
    return [
        Part(path, frozenset(facts.keys), facts.sha256)
        for path in folders(staging)
        if (facts := _facts(path)) is not None and facts.version == stage_version()
    ]


def is_usable(path: Path) -> bool:
    """Tell whether a folder is a part, and of this version of the program."""
    facts = _facts(path)
    return facts is not None and facts.version == stage_version()


def _facts(part: Path) -> _PartFacts | None:
    try:
        return msgspec.json.decode((part / "part.json").read_bytes(), type=_PartFacts)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def staged_files(found: Iterable[Part], table: str) -> list[str]:
    """Return the Parquet files that hold a staged table's rows."""
    return [str(part.path / f"{table}.parquet") for part in found]


def part_digests(part: Part) -> list[str]:
    """Return the SHA-256, in hex, of every document in a part; empty if the part is broken."""
    found = read_whole(part.path / "documents.parquet", ["sha256"])
    return [] if found is None else list(found["sha256"].to_pylist())


def read_whole(file: Path, columns: list[str] | None = None) -> pa.Table | None:
    """Return the rows of a Parquet file, or some columns; None if it cannot be read."""
    try:
        return pq.read_table(file, columns=columns)
    except (OSError, pa.ArrowException):
        return None


def damaged(found: Sequence[Part]) -> list[Part]:
    """Return the parts with a file that differs from its digest.

    A reader of Parquet does not notice a flipped bit in a text or a number.
    """
    with ThreadPoolExecutor() as pool:
        sound = pool.map(_is_sound, found)
    return [part for part, whole in zip(found, sound, strict=True) if not whole]


def _is_sound(part: Part) -> bool:
    return all(is_intact(part.path / f"{name}.parquet", part.sha256.get(name)) for name in TABLES)


def remove_broken(staging: Path) -> list[str]:
    """Remove the damaged parts, and return their names."""
    broken = [part.path for part in damaged(parts(staging))]
    for path in broken:
        shutil.rmtree(path)
    return [path.name for path in broken]


def write_known(path: Path, digests: Iterable[Iterable[bytes]]) -> None:
    """Write SHA-256 digests, in batches that are sorted as a whole, for `DigestSet` to look up."""
    with path.open("wb") as file:
        for batch in digests:
            file.write(b"".join(batch))


class DigestSet:
    """A set of digests in a sorted file, shared by all workers through the page cache."""

    def __init__(self, path: Path) -> None:
        """Open a file that `write_known` wrote."""
        with path.open("rb") as file:
            self._count = os.fstat(file.fileno()).st_size // _DIGEST_BYTES
            # an empty file cannot be mapped
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self._count else b""

    def __contains__(self, digest: str) -> bool:
        """Tell whether a digest, in hex, is in the file."""
        wanted, low, high = bytes.fromhex(digest), 0, self._count
        while low < high:
            middle = (low + high) // 2
            offset = middle * _DIGEST_BYTES
            found = self._map[offset : offset + _DIGEST_BYTES]
            if found == wanted:
                return True
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the map."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
