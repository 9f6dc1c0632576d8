"""Snapshots on disk: written aside, made durable, published by one pointer.

`current` is a link to the published snapshot, and `pith.duckdb` a link through it, so that
one rename switches both. A reader that has opened a snapshot keeps it: nothing in it changes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from pipeline.digests import file_sha256, is_intact
from pipeline.errors import PithEtlError, UnusableError, UsageError, WarehouseError
from pipeline.warehouse.run_figures import RunFigures

#: The version of the layout below a warehouse, its manifest and its tables.
LAYOUT = 4
DATABASE = "pith.duckdb"
#: Within staging: what a build took from standard input.
SPOOL = "stdin"
#: The target of the link `pith.duckdb`. It leads through `current`, so one rename publishes both.
_THROUGH = Path("current", DATABASE)

#: The characters by which DuckDB begins options and ends the name of a folder.
_MISREAD = re.compile(r"[?\\]")
#: The home directory, and the scheme of an address.
_MISREAD_RELATIVE = re.compile(r"~|[^/]*:")

MANIFEST = "manifest.json"
#: The name of the only file of a table that is not divided by ranges.
WHOLE = "all"
#: A file of a snapshot that is finished, until `current` points at it: no command offers it.
UNPUBLISHED = "unpublished"

#: A snapshot, its listing and the work on it are named by when its build started, UTC, or by the
#: next microsecond after what is there: names are in the order of the builds, even if the clock
#: goes back.
NAME = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z", re.ASCII)
#: Leftovers of a dead build or prune in staging, and of a dead publish beside its links.
_WORK = re.compile(rf"{_NAME.pattern}|prune|listing|[0-9a-f]{{64}}-\d+", re.ASCII)
_ASIDE = re.compile(r"\.(?:current|pith\.duckdb|attempts\.jsonl)-\d+", re.ASCII)


class FileFacts(msgspec.Struct, frozen=True):
    """A file of a snapshot: its size in bytes, its SHA-256, and rows if it is a table's."""

    bytes: int
    sha256: str
    rows: int | None = None


class Content(msgspec.Struct, frozen=True):
    """The facts that determine a snapshot: the inputs, the keyring, the program, and its place.

    The place is the real path of the folder that holds `snapshots`, which the views in
    `pith.duckdb` name: a moved or restored warehouse needs another file.
    """

    inputs_sha256: str
    keyring_sha256: str
    program: str
    place: str


class Manifest(RunFigures, frozen=True, kw_only=True):
    """The contents and the origin of a snapshot; `manifest.json` in its folder.

    `ranges` are the bounds of those of `pipeline.model.ranges`, in order.
    """

    snapshot: str
    layout: int
    created_at: str
    versions: dict[str, str]
    sources: list[str]
    content: Content
    ranges: list[tuple[int, int]]
    files: dict[str, FileFacts]


@contextmanager
def locked(warehouse: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the warehouse's lock, which the system releases when this process ends.

    Args:
        warehouse: its folder, which is made.
        wait: for a process that holds it, in place of an error.

    Raises:
        UsageError: there can be no warehouse at this place.
        WarehouseError: another process holds it, the directory cannot be written, or nothing
            can be published there.
    """
    _check_place(warehouse)
    _check_links(warehouse)
    try:
        warehouse.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(warehouse / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        message = f"cannot write the warehouse {warehouse}: {error.strerror}"
        raise WarehouseError(message) from None
    try:
        _lock(warehouse, descriptor, 0 if wait else fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _check_place(warehouse: Path) -> None:
    """Refuse a path that DuckDB or Arrow would read as another path.

    Raises:
        UsageError: DuckDB or Arrow would misread the path.
    """
    paths = str(warehouse.absolute()), os.path.realpath(warehouse)
    if not all(_is_utf8(path) for path in paths):
        reason = "a path that is not UTF-8; choose another directory"
    elif found := _MISREAD.search(" ".join(paths)):
        reason = f"a path with a '{found[0]}'; choose another directory"
    elif _MISREAD_RELATIVE.match(str(warehouse)):
        reason = "a relative path that begins with '~' or 'x:'; name it by its absolute path"
    else:
        return
    shown = os.fsencode(warehouse).decode("utf-8", "backslashreplace")
    message = f"{shown} cannot be a warehouse: DuckDB misreads {reason}"
    raise UsageError(message)


def _check_links(warehouse: Path) -> None:
    """Refuse a warehouse with directories in place of its links: a rename cannot replace them.

    Raises:
        WarehouseError: a link is a directory.
    """
    for link in (warehouse / "current", warehouse / DATABASE):
        if link.is_dir() and not link.is_symlink():
            message = (
                f"{link} is a directory where a link belongs, as a copy by cp -rL has it; "
                "delete it and build again"
            )
            raise WarehouseError(message)


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lock(warehouse: Path, descriptor: int, wait: int) -> None:
    """Take the lock, and write the holder into its file."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = f"process {os.getpid()} on {os.uname().nodename} since {since}".encode()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | wait)
        os.pwrite(descriptor, holder, 0)
        os.ftruncate(descriptor, len(holder))
    except BlockingIOError:
        other = os.pread(descriptor, 1000, 0).decode(errors="replace") or "unknown"
        message = f"another build is writing {warehouse} ({other}); wait until it is done"
        raise WarehouseError(message) from None
    except OSError as error:
        message = f"cannot lock the warehouse {warehouse}: {error.strerror}"
        raise WarehouseError(message) from None


def write_manifest(
    folder: Path, figures: RunFigures, rows: Mapping[str, int], facts: Mapping[str, Any]
) -> None:
    """Write the manifest of a finished snapshot, with the SHA-256 of each of its files, durably.

    From here on nobody may write its tables and its database. It counts as a snapshot once it is
    published.

    Args:
        folder: the snapshot, complete but for the manifest.
        figures: what it counts.
        rows: of each file of a table, by its name in the folder.
        facts: the other fields of `Manifest` that the files themselves do not tell.
    """
    files = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(file.relative_to(folder))
        # a client that opens the database for writing would lock out all others, or add a view
        if name in rows or name == DATABASE:
            file.chmod(file.stat().st_mode & ~0o222)
        files[name] = FileFacts(file.stat().st_size, file_sha256(file), rows.get(name))
    counted = msgspec.structs.asdict(figures)
    manifest = Manifest(snapshot=folder.name, layout=LAYOUT, files=files, **counted, **facts)
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    _mark(folder)
    # whole or not at all: its presence says that the snapshot is finished
    aside = folder / ".manifest"
    aside.write_bytes(text + b"\n")
    sync(aside)
    aside.rename(folder / MANIFEST)
    sync(folder)


def _mark(folder: Path) -> None:
    """Mark a snapshot as unpublished, before its manifest says that it is complete."""
    mark = folder / UNPUBLISHED
    mark.touch()
    sync(mark)
    sync(folder)


def _unmark(warehouse: Path) -> None:
    """Take the mark from the published snapshot."""
    mark = warehouse / "current" / UNPUBLISHED
    if mark.exists():
        mark.unlink()
        sync(mark.parent.resolve())


def table_files(folder: Path, table: str) -> list[Path]:
    """Return the files of a snapshot that hold a table, in the order of its ranges.

    Raises:
        WarehouseError: the manifest cannot be read.
    """
    return _files_of(folder, table, manifest(folder))


def _files_of(folder: Path, table: str, facts: Manifest) -> list[Path]:
    return [folder / name for name in sorted(facts.files) if name.startswith(f"{table}/")]


def row_counts(folder: Path) -> dict[str, int]:
    """Return the number of rows of each file of a table, by its name in the snapshot's folder."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - a query starts faster without it

    files = sorted(folder.glob("*/*.parquet"))
    return {str(file.relative_to(folder)): pq.read_metadata(file).num_rows for file in files}


def table_file(folder: Path, table: str, name: str) -> Path:
    """Return the file of a snapshot with a table's rows of a range, or `WHOLE`, by its name."""
    return folder / table / f"{name}.parquet"


def link_file(old: Path, new: Path, table: str, name: str) -> None:
    """Let a snapshot have a file of an older one, which never changes; without links, a copy.

    Raises:
        OSError: the file cannot be copied.
    """
    source, target = (table_file(folder, table, name) for folder in (old, new))
    target.parent.mkdir(exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        import shutil  # noqa: PLC0415 - a query starts faster without it

        shutil.copyfile(source, target)


def written_files(folder: Path, table: str) -> list[Path]:
    """Return the same of a snapshot that is being written and has no manifest yet."""
    return sorted((folder / table).glob("*.parquet"))


def damaged(folder: Path) -> list[str]:
    """Return the names of the files of a snapshot that differ from its manifest.

    Raises:
        WarehouseError: the manifest cannot be read.
    """
    files = manifest(folder).files
    return [name for name, facts in files.items() if not is_intact(folder / name, facts.sha256)]


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """If reading a snapshot fails for a damaged file, raise an error that names the file.

    Raises:
        WarehouseError: a table's file is not as the manifest says.
    """
    try:
        yield
    except Exception as error:
        raise_if_damaged(folder, error)
        raise


def raise_if_damaged(folder: Path, error: BaseException | None) -> None:
    """Raise an error that names the damaged file of a snapshot, if there is one.

    The check reads every table of the snapshot again, unless the size of its file is wrong.

    Raises:
        WarehouseError: a table's file is not as the manifest says.
    """
    # our own errors already name the cause; a closed pipe or an interrupt must end at once
    if not isinstance(error, Exception) or isinstance(error, PithEtlError | BrokenPipeError):
        return
    tables = {
        name: facts for name, facts in manifest(folder).files.items() if facts.rows is not None
    }
    cut = [name for name, facts in tables.items() if not _has_size(folder / name, facts.bytes)]
    for name in cut or damaged(folder):
        if name in tables:
            message = (
                f"{folder / name} is damaged; `pith-etl check --files` lists all damaged files of "
                "the published snapshot; build again"
            )
            raise WarehouseError(message) from error


def _has_size(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except OSError:
        return False


def make_durable(folder: Path) -> None:
    """Sync every file below a folder to disk, then every folder, the deepest first."""
    for directory, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync(Path(directory, name))
        sync(Path(directory))


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(warehouse: Path, folder: Path) -> None:
    """Point `current` at a finished and durable snapshot."""
    sync(folder.parent)
    # a killed build may have left the mark on the snapshot that is published now
    _unmark(warehouse)
    _link(warehouse / DATABASE, _THROUGH)
    _link(warehouse / "current", folder.relative_to(warehouse))
    sync(warehouse)
    _unmark(warehouse)


def is_linked(warehouse: Path) -> bool:
    """Tell whether `pith.duckdb` leads to the published snapshot: a copy of it goes stale."""
    return _leads(warehouse / DATABASE, _THROUGH)


def relink(warehouse: Path) -> None:
    """Make `pith.duckdb` again, durably, where it is lost or a copy; the caller holds the lock."""
    if not is_linked(warehouse):
        _link(warehouse / DATABASE, _THROUGH)
        sync(warehouse)


def _leads(path: Path, target: Path) -> bool:
    return path.is_symlink() and path.readlink() == target


def _link(path: Path, target: Path) -> None:
    """Make a link point at a target, atomically."""
    if _leads(path, target):
        return
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(path)


class _Versioned(msgspec.Struct):
    """The fields that the manifest has in every version of the layout."""

    layout: int


def manifest(folder: Path) -> Manifest:
    """Return the manifest of a snapshot.

    Raises:
        WarehouseError: it is missing, broken, or of another version of the layout.
    """
    file = folder / MANIFEST
    try:
        return read_manifest(file.read_bytes(), str(folder))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        if not folder.exists():
            message = f"the snapshot {folder} was pruned meanwhile"
            raise UnusableError(message, "run the command again, on one that is kept") from None
        message = f"the manifest {file} is broken: {error}"
        raise UnusableError(message) from None


def read_manifest(text: bytes, place: str) -> Manifest:
    """Return the manifest that a text holds.

    Args:
        text: as it stands in `manifest.json`.
        place: where the snapshot is, for errors.

    Raises:
        msgspec.DecodeError: it is no manifest.
        UnicodeDecodeError: it is no text.
        WarehouseError: it is of another version of the layout.
    """
    layout = msgspec.json.decode(text, type=_Versioned).layout
    if layout != LAYOUT:
        message = f"{place} has layout {layout}, this version reads {LAYOUT}"
        raise UnusableError(message)
    return msgspec.json.decode(text, type=Manifest)


def target(warehouse: Path) -> Path | None:
    """Return the folder that `current` points at, resolved, or None where there is none."""
    try:
        return (warehouse / "current").resolve(strict=True)
    except (OSError, RuntimeError):
        return None


def current(warehouse: Path) -> Path:
    """Return the folder of the published snapshot, resolved, so that it stays the same one.

    Raises:
        UsageError: there can be no warehouse at this place.
        WarehouseError: nothing is published there, or by another version of the layout.
    """
    _check_place(warehouse)
    folder = target(warehouse)
    if folder is None:
        message = f"no snapshot is published in {warehouse}"
        advice = f"run `pith-etl build SOURCE --warehouse {shlex.quote(str(warehouse))}`"
        raise UnusableError(message, advice)
    manifest(folder)
    return folder


def before(warehouse: Path, folder: Path) -> Path | None:
    """Return the folder of the newest finished snapshot that is older than this one, if any."""
    return next((other for other in finished(warehouse) if other.name < folder.name), None)


def place(warehouse: Path) -> str:
    """Return where the snapshots are, as `Content` tells it; `snapshots` may be a link."""
    return str((warehouse / "snapshots").resolve().parent)


def folder(warehouse: Path, name: str) -> Path:
    """Return the folder of a snapshot that is kept, by its name, or of `current`.

    Raises:
        UsageError: there is no such snapshot.
        WarehouseError: it is broken, or nothing is published.
    """
    if name == "current":
        return current(warehouse)
    kept = {found.name: found for found in finished(warehouse)}
    if not kept:
        current(warehouse)
    if name not in kept:
        message = f"there is no snapshot {name!r}; `pith-etl history` lists them"
        raise UsageError(message)
    found = kept[name].resolve()
    manifest(found)
    return found


def next_name(warehouse: Path, now: datetime) -> str:
    """Return the name of a build that starts now; it sorts after all names in the warehouse.

    The clock may have been ahead when they were made.
    """
    folders = (warehouse / "snapshots", warehouse / "staging" / "listings")
    there = [path.name for folder in folders for path in named(folder)]
    name = now.strftime(NAME)
    if there and name <= (newest := max(there)):
        with suppress(ValueError, OverflowError):  # no date, or the last one of all
            later = datetime.strptime(newest, NAME).replace(tzinfo=UTC) + timedelta(microseconds=1)
            return later.strftime(NAME)
    return name


@dataclass(frozen=True, slots=True)
class Last:
    """The published snapshot as a build finds it: its folder, and the files that are damaged."""

    folder: Path
    manifest: Manifest
    damaged: tuple[str, ...]

    def table(self, name: str) -> list[Path] | None:
        """Return the files of a table, unless one is damaged."""
        files = _files_of(self.folder, name, self.manifest)
        broken = any(str(file.relative_to(self.folder)) in self.damaged for file in files)
        return None if broken else files


def last(warehouse: Path) -> tuple[Last | None, str | None]:
    """Return the published snapshot, and the reason if a build must make all tables anew.

    In a new warehouse there is no reason.
    """
    try:
        folder = current(warehouse)
        found = Last(folder, manifest(folder), tuple(damaged(folder)))
    except UnusableError as error:
        return None, f"the tables are made anew: {error.reason}" if finished(warehouse) else None
    if found.damaged:
        broken = ", ".join(found.damaged)
        return found, f"the tables are made anew: {broken} of the last snapshot is damaged"
    return found, None


def is_name(name: str) -> bool:
    """Tell whether a build may have given a snapshot this name."""
    return _NAME.fullmatch(name) is not None


def named(folder: Path) -> list[Path]:
    """Return the entries of a folder that builds named, by age; other entries are not ours."""
    return sorted(path for path in folder.glob("*") if is_name(path.name))


def finished(warehouse: Path) -> list[Path]:
    """Return the folders of the snapshots that were published once, by age, the newest first.

    Raises:
        WarehouseError: one cannot be read.
    """
    published = target(warehouse)
    return [
        folder
        for folder in reversed(named(warehouse / "snapshots"))
        if _has(folder, MANIFEST)
        and (folder.resolve() == published or not _has(folder, UNPUBLISHED))
    ]


def intact(warehouse: Path, table: str) -> Iterator[list[Path]]:
    """Yield the files of a table in each finished snapshot, the newest first.

    A table with a damaged file is left out, and a snapshot whose manifest cannot be read.

    Raises:
        WarehouseError: a snapshot cannot be read.
    """
    for folder in finished(warehouse):
        with suppress(UnusableError):
            facts = manifest(folder)
            files = _files_of(folder, table, facts)
            names = [str(file.relative_to(folder)) for file in files]
            if all(map(is_intact, files, [facts.files[name].sha256 for name in names])):
                yield files


def _has(folder: Path, name: str) -> bool:
    try:
        (folder / name).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        message = (
            f"cannot read the snapshot {folder}: {error.strerror}; let this user read it, "
            "or delete it"
        )
        raise WarehouseError(message) from None
    return True


def stray_logs(warehouse: Path) -> list[Path]:
    """Return the logs that writing clients left beside a database; readers would replay them."""
    links = warehouse / DATABASE, warehouse / "current" / DATABASE
    return [log for link in links if (log := link.with_name(f"{DATABASE}.wal")).is_file()]


def remove(folder: Path) -> None:
    """Delete a snapshot; if that is interrupted, the next `remove_leftovers` finishes it.

    Raises:
        OSError: a file cannot be deleted; the error names the snapshot's folder.
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Delete a folder and all that is in it.

    Raises:
        OSError: something in it cannot be deleted; the error names the folder.
    """
    import shutil  # noqa: PLC0415 - a query starts faster without it

    try:
        shutil.rmtree(folder)
    except OSError as error:
        # for a deeper file `rmtree` names only its last part, and every snapshot has that name
        raise OSError(error.errno, error.strerror, str(folder)) from error


def remove_leftovers(warehouse: Path) -> None:
    """Remove only the leftovers of dead builds; the caller holds the lock.

    A build writes the manifest last and then publishes. A folder without a manifest, or never
    published, is a leftover.

    Raises:
        OSError: a snapshot cannot be deleted.
        WarehouseError: a snapshot cannot be read.
    """
    import shutil  # noqa: PLC0415 - a query starts faster without it

    for folder in (warehouse / "staging" / "work", warehouse / "staging" / "aside"):
        for left in folder.glob("*"):
            if _WORK.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)
        with suppress(OSError):  # the folder is missing, or holds files that are not ours
            folder.rmdir()
    (warehouse / "staging" / SPOOL).unlink(missing_ok=True)
    keep = {target(warehouse), *(folder.resolve() for folder in finished(warehouse))}
    for folder in named(warehouse / "snapshots"):
        if folder.is_dir() and folder.resolve() not in keep:
            remove(folder)
    for log in stray_logs(warehouse):
        log.unlink(missing_ok=True)
    for link in warehouse.glob(".*"):
        if _ASIDE.fullmatch(link.name):
            link.unlink(missing_ok=True)
