"""The listing of inputs and places, kept between builds so that little is read again.

`staging/listings/BUILD/` holds two Parquet files of the last build: `files`, with the stamp by
which an unchanged file is recognised without reading it, and `documents`, what each file held.
`listing.json` holds their digests, by which damage is noticed, and that of all inputs.
It is saved before the snapshot is published, so that what was published is always known here.
Like all of staging it can be deleted; the next build then reads everything, and takes from the
published snapshot what was good.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import session
from pipeline.digests import file_sha256, is_intact
from pipeline.duck import Connection, literal, parquet, row_of
from pipeline.limits import LIKELY_RATIO
from pipeline.sources.files import PACKED, UNLISTED, InputFile
from pipeline.sources.reading import NO_LINES
from pipeline.stage.schema import INPUTS, to_arrow
from pipeline.warehouse.snapshot import make_durable, named

#: A file modified this shortly before it was listed may change again unnoticed, within the
#: resolution of the file system's clock: its stamp is not kept.
_RACY_NS = 2_000_000_000

#: The fields of `InputFile`, in their order. The system's numbers of files may take all 64 bits.
_FOUND = pa.schema(
    [
        ("path", pa.string()),
        ("opened", pa.binary()),
        ("size", pa.int64()),
        ("skipped", pa.string()),
        ("status", pa.string()),
        ("modified_ns", pa.int64()),
        ("inode", pa.uint64()),
        ("tag", pa.string()),
    ]
)

#: What `files` keeps of each file: by what it is recognised.
_FILES = pa.schema([_FOUND.field(name) for name in ("path", "size", "modified_ns", "inode", "tag")])

#: Files are taken over so many at a time: memory holds no list of all of them.
_BATCH = 50_000

#: What `documents` keeps of each input: as `schema.INPUTS`, and the last content that was read
#: as a Pith document there.
_KEPT = INPUTS.append(pa.field("good_sha256", pa.string()))

_SAVED = {"files": _FILES, "documents": _KEPT}
_FACTS = "listing.json"


def list_files(connection: Connection, found: Iterable[InputFile], *, repeated: bool) -> int:
    """Create `current_files`, with the fields of `InputFile`; return how many there are.

    Args:
        connection: receives the table.
        found: the entries below all sources.
        repeated: whether one may be found several times, of which one is kept.
    """
    connection.register("found_batch", _FOUND.empty_table())
    connection.execute("create table current_files as from found_batch")
    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        connection.register("found_batch", to_arrow(_FOUND, batch))
        connection.execute("insert into current_files from found_batch")
    connection.unregister("found_batch")
    if repeated:
        connection.execute(session.query("forget_repeated"))
    return int(row_of(connection, "select count(*) from current_files")[0])


class Facts(msgspec.Struct, frozen=True):
    """The fields of `listing.json`.

    Attributes:
        inputs_sha256: the digest of all inputs (`runs.inputs_digest`).
        program: the version of the program that read them (`program.version`).
        sources: how the paths of each source begin (`files.prefixes`).
        barren: those of them in which no Pith document was recognised.
        sha256: the digest of each file of the listing.
    """

    inputs_sha256: str
    program: str = ""
    sources: list[str] = []
    barren: list[str] = []
    sha256: dict[str, str] = {}


def open_listing(connection: Connection, staging: Path) -> tuple[Facts | None, list[str]]:
    """Create `old_files` and `old_documents`, what the last build listed.

    Returns:
        The facts of that listing, None where there is none, and the names of later ones, which
        are damaged.
    """
    folder = latest(staging)
    damaged = [
        other.name for other in named(staging / "listings") if folder is None or other > folder
    ]
    for name, schema in _SAVED.items():
        if folder is not None:
            file = literal(str(folder / f"{name}.parquet"))
            connection.execute(f"create view old_{name} as from read_parquet({file})")
        else:
            connection.register(f"old_{name}", schema.empty_table())
    return (None if folder is None else _facts(folder)), damaged


def recall_good(connection: Connection, documents: Sequence[Path]) -> None:
    """Let `old_documents` tell what was good in a snapshot, for a build without a listing.

    Of a stale document, `sha256` is that of its rows, too: the table tells no other.

    Args:
        connection: with `old_documents`, and `unchanged`, which holds nothing.
        documents: the files of the snapshot's table.
    """
    given = f"from {parquet(documents)}"
    recalled = session.query("recalled_documents", documents=given)
    connection.execute(f"create or replace temp view old_documents as {recalled}")


def latest(staging: Path) -> Path | None:
    """Return the folder of the last listing that is as it was written, or None."""
    for folder in reversed(named(staging / "listings")):
        if _is_sound(folder):
            return folder
    return None


def _is_sound(folder: Path) -> bool:
    """Tell whether a listing is as this program would write it, and nothing of it is damaged.

    A row that is missing from it would be a document that is missing from the tables.
    """
    facts = _facts(folder)
    return facts is not None and all(
        is_intact(file := folder / f"{name}.parquet", facts.sha256.get(name))
        and pq.read_schema(file).names == schema.names
        for name, schema in _SAVED.items()
    )


def _facts(folder: Path) -> Facts | None:
    try:
        return msgspec.json.decode((folder / _FACTS).read_bytes(), type=Facts)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def contents(folder: Path) -> str:
    """Return a query of the SHA-256 of all content that a listing needs, sorted, as bytes."""
    documents = f"from read_parquet({literal(str(folder / 'documents.parquet'))})"
    return session.query("contents_of_listing", documents=documents)


def remove_broken(staging: Path) -> list[str]:
    """Remove the damaged listings, and return their names."""
    broken = [folder for folder in named(staging / "listings") if not _is_sound(folder)]
    for folder in broken:
        shutil.rmtree(folder)
    return [folder.name for folder in broken]


def find_changed(connection: Connection, *, rescan: bool, judged: bool) -> int:
    """Create `unchanged`, the files that need not be read; return how many must be.

    A file is unchanged if its stamp is, and staging still holds all that it held.

    Args:
        connection: with `current_files`, what `open_listing` created, and `part_documents`.
        rescan: take no file as unchanged.
        judged: whether this program would refuse what was refused unread, such as a file that is
            too large.
    """
    session.create_table(connection, "unchanged", {"rescan": rescan, "judged": judged})
    session.create_view(connection, "changed_files")
    counts = "select (select count(*) from current_files) - (select count(*) from unchanged)"
    return int(row_of(connection, counts)[0])


def changed_files(connection: Connection) -> tuple[int, Iterator[InputFile]]:
    """Return the weight of the files that must be read (`InputFile.weight`), and these by path."""
    packed = " or ".join(f"ends_with(lower(path), {literal(ending)})" for ending in PACKED)
    # sparse files may be so large that 64 bits cannot hold their sum
    weight = f"least(sum(if({packed}, {LIKELY_RATIO}, 1) * size), 2::hugeint ** 62)::bigint"
    (size,) = row_of(connection, f"select {weight} from changed_files")  # noqa: S608 - names of our own
    return size, _files(connection)


def _files(connection: Connection) -> Iterator[InputFile]:
    # a cursor of its own: another query on the connection would end this one
    with connection.cursor() as cursor:
        cursor.execute("from changed_files order by path")
        while rows := cursor.fetchmany(_BATCH):
            yield from map(InputFile._make, rows)


def make_inputs(connection: Connection, listings: Sequence[Path]) -> None:
    """Create `inputs`: every document with its status; a stale one has its last good content.

    Args:
        connection: with `unchanged`, `old_documents` and `part_documents`.
        listings: the listings of what was read.
    """
    names = ", ".join(literal(str(path)) for path in listings)
    columns = ", ".join(INPUTS.names)
    read = f"read_parquet([{names}])" if listings else "old_documents limit 0"
    connection.execute(f"create view read_inputs as select {columns} from {read}")  # noqa: S608 - names of our own
    session.create_table(connection, "listed", {"blank": NO_LINES})
    session.create_table(connection, "inputs", {"unlisted": UNLISTED})
    session.create_view(connection, "saved_documents")


def barren(connection: Connection, sources: Sequence[str]) -> list[str]:
    """Return the sources in which no Pith document was recognised.

    Args:
        connection: with `inputs`.
        sources: how the paths of each begin (`files.prefixes`).
    """
    asked = connection.execute(session.query("barren"), {"sources": sources})
    return list(chain.from_iterable(asked.fetchall()))


def has_gone(connection: Connection) -> bool:
    """Tell whether a file that held a document is gone, or must be read again."""
    # not of `old_files`: of a young file no stamp is kept
    return bool(row_of(connection, session.query("gone_documents"))[0])


def save(connection: Connection, staging: Path, build: str, started_ns: int, facts: Facts) -> None:
    """Keep the listing of this build instead of earlier ones.

    Args:
        connection: with `current_files` and `inputs`.
        staging: the staging directory.
        build: the name of this build, which sorts after those of earlier ones.
        started_ns: when listing the files began, in nanoseconds since 1970.
        facts: of this listing, without the digests of its files.
    """
    aside, folder = staging / "aside" / "listing", staging / "listings"
    aside.mkdir(parents=True)
    digests = {}
    for name, query in (
        ("files", session.query("saved_files")),
        ("documents", "from saved_documents"),
    ):
        file = aside / f"{name}.parquet"
        connection.execute(
            f"copy ({query}) to {literal(str(file))} (format parquet)",
            {"trusted": started_ns - _RACY_NS} if name == "files" else None,
        )
        digests[name] = file_sha256(file)
    saved = msgspec.structs.replace(facts, sha256=digests)
    (aside / _FACTS).write_bytes(msgspec.json.encode(saved))
    make_durable(aside)
    folder.mkdir(exist_ok=True)
    aside.rename(folder / build)
    for other in named(folder):
        if other.name != build:
            shutil.rmtree(other)
