"""Snapshots on disk: whole or not at all, one writer, and readers who are never disturbed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
from pathlib import Path
from typing import NoReturn

import duckdb
import pytest

from pipeline import Warehouse, catalog
from pipeline.documents.keyring import load
from pipeline.errors import UsageError, WarehouseError
from pipeline.jobs import retention
from pipeline.warehouse import snapshot
from tests.console import Console
from tests.site import REAL, Site, await_end, await_line, start, tables

RECORD = "000_97f37641e2d9eba2.txt"
CHANGED = REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1)


@pytest.fixture
def site(built_site: Site) -> Site:
    """Return a mirror of the five real documents, built once."""
    return built_site


def _manifest(site: Site) -> Path:
    return site.warehouse / "current" / "manifest.json"


# -- what is published ------------------------------------------------------------------------


def test_the_manifest_tells_of_every_file(site: Site) -> None:
    """It holds bytes, rows and SHA-256 of each file, the versions, and what decides content."""
    manifest = snapshot.manifest(snapshot.current(site.warehouse))
    folder = site.warehouse / "current"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(manifest.files) == files - {"manifest.json"}
    for name, facts in manifest.files.items():
        content = (folder / name).read_bytes()
        assert (facts.bytes, facts.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        table = name.split("/")[0]
        assert facts.rows == (manifest.rows[table] if table in catalog.tables() else None)
    assert manifest.content.keyring_sha256 == load(site.keyring).digest
    assert {"pith-etl", "duckdb", "pyarrow", "pynacl"} <= set(manifest.versions)
    assert len(manifest.content.inputs_sha256) == 64


def test_one_rename_publishes_tables_and_database(site: Site) -> None:
    """`pith.duckdb` is a link through `current`, so that both change at once."""
    assert (site.warehouse / "pith.duckdb").readlink() == Path("current/pith.duckdb")
    assert (site.warehouse / "current").readlink().parts[0] == "snapshots"


def test_a_moved_warehouse_is_mended(site: Site, tmp_path: Path) -> None:
    """Restored under another path, it is published anew, with a database that finds its tables."""
    before = tables(site.warehouse)
    moved = site.warehouse.rename(tmp_path / "restored")
    site.warehouse.symlink_to(moved)
    summary = site.build()
    assert (summary.read, summary.staged, summary.published) == (0, 0, True)
    assert tables(moved) == before
    site.warehouse.unlink()
    with duckdb.connect(str(moved / "pith.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from papers").fetchall() == [(5,)]


def test_an_old_snapshot_stays_as_it_was(site: Site) -> None:
    """Publishing another one changes neither the content nor the inode of any older file."""
    old = snapshot.current(site.warehouse)

    def state() -> dict[str, tuple[int, int, bytes]]:
        files = [path for path in old.rglob("*") if path.is_file()]
        return {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in files
        }

    before = state()
    site.put(RECORD, CHANGED)
    assert site.build().published
    assert snapshot.current(site.warehouse) != old
    assert state() == before


def test_a_reader_keeps_the_snapshot_that_it_opened(site: Site) -> None:
    """A `Warehouse` and a connection to `pith.duckdb` agree before and after a publish."""
    query = "select count(*) from papers where title like 'MXNet:%'"
    with (
        Warehouse(site.warehouse) as opened,
        duckdb.connect(str(site.warehouse / "pith.duckdb"), read_only=True) as database,
    ):
        site.put(RECORD, CHANGED)
        site.build()
        assert opened.connection.execute(query).fetchall() == [(1,)]
        assert database.execute(query).fetchall() == [(1,)]
    assert site.rows(query) == [(0,)]


# -- one writer -------------------------------------------------------------------------------


def test_a_second_build_is_refused_and_told_by_whom(site: Site) -> None:
    """While one process holds the lock, another exits with 1 and names it."""
    with snapshot.locked(site.warehouse):
        other = site.start()
        _, errors = other.communicate(timeout=60)
    assert other.returncode == 1
    assert f"another build is writing {site.warehouse} (process {os.getpid()} on " in errors
    assert "wait until it is done" in errors


def test_the_lock_of_a_dead_process_does_not_block(site: Site) -> None:
    """After a build is killed, its lock file remains, and the next build runs."""
    site.put(RECORD, CHANGED)
    killed = site.start()
    await_line(killed, "stage")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    await_end(killed.pid)
    assert f"process {killed.pid}" in (site.warehouse / "lock").read_text()
    assert site.build().snapshot == snapshot.current(site.warehouse).name


@pytest.mark.parametrize("command", [["rollback"], ["prune", "--keep", "1"]])
def test_other_writers_are_refused(site: Site, console: Console, command: list[str]) -> None:
    """During a build, other commands that change the warehouse exit with 1 and say why."""
    with snapshot.locked(site.warehouse):
        finished = console(*command, "--warehouse", site.warehouse)
    assert finished.code == 1
    assert "another build is writing" in finished.errors


# -- what is broken ---------------------------------------------------------------------------

BROKEN = {
    "garbage": (b"\xff\xfe\x00garbage", "is broken"),
    "of another program": (b'{"layout": 4}', "is broken"),
    "of an older layout": (b'{"layout": 0, "tables": {}}', "has layout 0, this version reads 4"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_manifest_is_told_and_mended(
    site: Site, console: Console, content: bytes, message: str
) -> None:
    """Readers exit with 1 and say why; a build says so, too, and makes the tables anew."""
    before, published = tables(site.warehouse), snapshot.current(site.warehouse)
    _manifest(site).write_bytes(content)
    told = console("tables", "--warehouse", site.warehouse)
    assert told.code == 1
    assert message in told.errors
    summary = site.build()
    assert summary.published
    assert summary.staged == 0
    assert message in summary.notices[0]
    assert "build again" not in summary.notices[0]  # it is what this build did
    assert tables(site.warehouse) == tables(site.warehouse, published) == before


def test_a_missing_pointer_is_told_and_mended(site: Site, console: Console) -> None:
    """Without `current` readers exit with 1; a build publishes the same tables again."""
    before = tables(site.warehouse)
    (site.warehouse / "current").unlink()
    told = console("tables", "--warehouse", site.warehouse)
    assert told.code == 1
    assert "no snapshot is published" in told.errors
    summary = site.build()
    published = f"no snapshot is published in {site.warehouse}"
    assert summary.notices == [f"the tables are made anew: {published}"]
    assert tables(site.warehouse) == before


@pytest.mark.parametrize("content", [None, b"a copy, which goes stale"])
@pytest.mark.parametrize("rescan", [False, True])
def test_a_lost_link_to_the_database_is_mended(
    site: Site, content: bytes | None, *, rescan: bool
) -> None:
    """If it is gone or a file, a build that finds no change makes it again."""
    link = site.warehouse / "pith.duckdb"
    link.unlink()
    if content is not None:
        link.write_bytes(content)
    assert not site.build(rescan=rescan).published
    assert link.readlink() == Path("current", "pith.duckdb")


def test_a_first_build_has_nothing_to_tell(tmp_path: Path) -> None:
    """A missing snapshot gives no notice if there never was one."""
    site = Site(tmp_path)
    site.put_all(REAL)
    assert site.build().notices == []


def test_a_failing_build_leaves_what_is_published(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot that `current` points at is never removed, even without its manifest."""
    before = tables(site.warehouse)
    _manifest(site).unlink()

    def fail(*_: object) -> None:
        message = "no space left on device"
        raise OSError(message)

    monkeypatch.setattr("pipeline.warehouse.snapshot.make_durable", fail)
    with pytest.raises(WarehouseError, match="no space left"):
        site.build()
    assert tables(site.warehouse) == before
    monkeypatch.undo()
    site.build()
    assert tables(site.warehouse) == before


def test_leftovers_of_dead_runs_are_swept(site: Site) -> None:
    """An unfinished snapshot, work of staging and links aside are gone after the next build."""
    unfinished = site.warehouse / "snapshots" / "20200101T000000.000000Z"
    (unfinished / "papers").mkdir(parents=True)
    (unfinished / ".manifest").write_text("{")
    names = ("work/20200101T000000.000000Z", "work/prune", f"aside/{'0' * 64}-1", "aside/listing")
    left = [site.warehouse / "staging" / name / "x" for name in names]
    for path in left:
        path.mkdir(parents=True)
    link = site.warehouse / ".current-1"
    link.symlink_to("snapshots/gone")
    site.build()
    assert not unfinished.exists()
    assert not any(path.parent.parent.exists() for path in left)
    assert not link.is_symlink()


def test_a_snapshot_that_was_never_published_is_not_offered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build killed between the manifest and the link leaves a snapshot that no command offers."""
    killed, real = site.root / "killed", snapshot.publish

    def note(warehouse: Path, folder: Path) -> None:
        shutil.copytree(warehouse, killed, symlinks=True)
        real(warehouse, folder)

    monkeypatch.setattr("pipeline.warehouse.snapshot.publish", note)
    site.put(RECORD, CHANGED)
    name = site.build().snapshot
    assert (killed / "snapshots" / name / "manifest.json").exists()
    assert [kept.published for kept in retention.history(killed)] == [True]
    with pytest.raises(UsageError, match="there is no snapshot"):
        retention.rollback(killed, name)
    retention.prune(killed, 7)
    assert not (killed / "snapshots" / name).exists()
    assert [kept.published for kept in retention.history(site.warehouse)] == [True, False]


def test_a_build_that_cannot_publish_leaves_no_snapshot(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the pointer cannot be moved, the new snapshot is removed, and the old one stays."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    before = tables(site.warehouse)
    monkeypatch.setattr("pipeline.warehouse.snapshot._link", fail)
    site.put(RECORD, CHANGED)
    with pytest.raises(WarehouseError, match="Input/output error"):
        site.build()
    assert len(list((site.warehouse / "snapshots").iterdir())) == 1
    assert tables(site.warehouse) == before


def test_a_snapshot_that_is_published_stays_one(site: Site) -> None:
    """If a build is killed after the pointer moved, the mark that it left does not count."""
    (site.warehouse / "current" / "unpublished").touch()
    assert [kept.published for kept in retention.history(site.warehouse)] == [True]
    site.put(RECORD, CHANGED)
    site.build()
    assert [kept.published for kept in retention.history(site.warehouse)] == [True, False]


@pytest.mark.parametrize("name", ["current", "pith.duckdb"])
def test_a_pointer_that_is_a_directory_is_told(site: Site, console: Console, name: str) -> None:
    """A directory in the place of a link, as in a copy that followed links, is named."""
    pointer = site.warehouse / name
    pointer.unlink()
    pointer.mkdir()
    site.put(RECORD, CHANGED)
    finished = console("build", site.mirror, "--warehouse", site.warehouse, "--progress", "none")
    assert finished.code == 1
    assert f"{pointer} is a directory where a link belongs" in finished.errors
    pointer.rmdir()
    assert site.build().published


@pytest.mark.parametrize("command", ["build", "history"])
def test_a_snapshot_that_may_not_be_read_is_named(
    site: Site, console: Console, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Where the system denies a snapshot's folder, the message says which, and what to do."""
    folder, real = snapshot.current(site.warehouse), Path.lstat

    def deny(self: Path) -> os.stat_result:
        if self.parent == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return real(self)

    monkeypatch.setattr(Path, "lstat", deny)
    sources = [site.mirror] if command == "build" else []
    finished = console(command, *sources, "--warehouse", site.warehouse)
    message = f"cannot read the snapshot {folder}: Permission denied; let this user read it"
    assert (finished.code, message in finished.errors) == (1, True)


def test_what_cannot_be_deleted_fails_no_build(
    site: Site, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot is published even if old ones cannot be deleted: the log says so each night."""
    real = shutil.rmtree

    def deny(path: Path, *, ignore_errors: bool = False) -> None:
        if path.parent.name == "snapshots":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        real(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", deny)
    arguments = ("--warehouse", site.warehouse, "--keep", 1, "--progress", "none", "--json")
    for night in (1, 2):
        site.put("more.json", REAL[RECORD] + b"\n" * night)
        finished = console("build", site.mirror, *arguments)
        facts = json.loads(finished.output)
        assert (finished.code, facts["exit_code"], facts["published"]) == (0, 0, True)
        (notice,) = facts["notices"]
        assert notice.startswith("old snapshots cannot be deleted: [Errno 1]")
        assert notice in finished.errors


def test_what_cannot_be_deleted_is_named(
    site: Site, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an old snapshot cannot be deleted, the notice names its folder, even without changes."""
    old, real = snapshot.current(site.warehouse), os.unlink
    site.put(RECORD, CHANGED)
    site.build()

    def deny(path: Path | str, *, dir_fd: int | None = None) -> None:
        if path == "0000-2.parquet":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)
        real(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", deny)
    message = f"[Errno 1] Operation not permitted: '{old}'"
    summary = site.build(keep=1)
    assert not summary.published
    assert summary.notices == [f"old snapshots cannot be deleted: {message}"]
    finished = console("prune", "--keep", 1, "--warehouse", site.warehouse)
    assert (finished.code, message in finished.errors) == (1, True)


def test_a_prune_that_finds_no_memory_fails_no_build(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of DuckDB after the publish is a notice, as an error of the disk is."""

    def fail(*_: object) -> NoReturn:
        raise duckdb.OutOfMemoryException

    monkeypatch.setattr(retention, "_without", fail)
    site.put("more.json", REAL[RECORD] + b"\n")
    summary = site.build(keep=1)
    assert (summary.published, len(summary.notices)) == (True, 1)
    with pytest.raises(WarehouseError, match="cannot prune"):
        retention.prune(site.warehouse, 1)


def test_a_sweep_that_is_killed_finishes_no_snapshot(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest of a snapshot that was never published is removed before its mark."""
    folder = site.warehouse / "snapshots" / "20200101T000000.000000Z"
    folder.mkdir()
    for name in (snapshot.MANIFEST, snapshot.UNPUBLISHED):
        (folder / name).write_text("{}")
    left: list[list[str]] = []
    real = shutil.rmtree

    def look(path: Path, *, ignore_errors: bool = False) -> None:
        if path == folder:
            left.append([file.name for file in path.iterdir()])
        real(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", look)
    snapshot.remove_leftovers(site.warehouse)
    assert left == [[snapshot.UNPUBLISHED]]
    assert not folder.exists()


def test_what_is_not_ours_is_never_deleted(site: Site) -> None:
    """Only names of ours are deleted where builds and prune remove leftovers."""
    folders = ("snapshots", *(f"staging/{name}" for name in ("parts", "listings", "work", "aside")))
    others = [site.warehouse / folder / "mine" / "document.json" for folder in folders]
    others += [site.warehouse / ".notes-of-the-operator", site.warehouse / ".current-plans"]
    others += [site.warehouse / "snapshots" / "copy" / "manifest.json"]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    site.put(RECORD, CHANGED)
    assert site.build(keep=1).published
    assert [path for path in others if not path.exists()] == []
    assert len(retention.history(site.warehouse)) == 1


def test_what_is_durable_before_it_is_published(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is synced before its folder, then the manifest, and the pointer after it."""
    synced: list[Path] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr("pipeline.warehouse.snapshot.os.fsync", note)
    site.put(RECORD, CHANGED)
    site.build()
    folder = snapshot.current(site.warehouse)
    files = [path for path in folder.rglob("*") if path.name != "manifest.json"]
    for path in files:
        assert synced.index(path) < synced.index(path.parent)
    # the manifest, written aside under another name, says that all of this is done
    manifest = synced.index(folder / ".manifest")
    assert max(synced.index(path) for path in [*files, folder]) < manifest
    assert synced[-5:-1] == [folder / ".manifest", folder, folder.parent, site.warehouse]
    # the mark `unpublished` is on the disk before, and is removed last
    assert synced.index(folder / "unpublished") < manifest
    assert synced[-1] == folder


def test_a_read_only_command_needs_no_lock(site: Site) -> None:
    """Queries run while a build holds the lock."""
    with snapshot.locked(site.warehouse):
        reader = start(
            "sql",
            "select count(*) n from papers",
            "--format",
            "json",
            "--warehouse",
            site.warehouse,
        )
        output, _ = reader.communicate(timeout=60)
    assert json.loads(output) == [{"n": 5}]
