"""`pith-etl build` as a timer runs it: files that change meanwhile, and bad disks."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.sources import reading
from pipeline.sources.files import InputFile
from tests.console import Build, Console
from tests.site import (
    ANOTHER,
    CHANGED,
    REAL,
    RECORD,
    Site,
    tables,
)

# -- files that change while they are read ----------------------------------------------------


def _at_open(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]) -> None:
    """Let something happen to the record right before it is opened."""
    real = reading._open  # noqa: SLF001 - the one place where an input file is opened

    def open_changed(file: InputFile) -> object:
        if file.path.endswith(RECORD):
            change(Path(file.path))
        return real(file)

    monkeypatch.setattr(reading, "_open", open_changed)


def test_a_file_that_vanishes_is_a_finding(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed between its listing and its reading, it is unreadable; the next run forgets it."""
    _at_open(monkeypatch, Path.unlink)
    assert build().code == 3
    unreadable = "select status, reason from documents where status <> 'ok'"
    assert site.rows(unreadable) == [("unreadable", "No such file or directory")]
    monkeypatch.undo()
    assert site.build().refused == 0
    assert site.rows("select count(*) from documents") == [(4,)]


def test_a_file_that_vanishes_keeps_its_rows(
    built_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it was good before, its rows stay, stale, until the next run sees that it is gone."""
    built_site.put(RECORD, CHANGED)
    _at_open(monkeypatch, Path.unlink)
    built_site.build()
    assert built_site.rows("select status from documents where stale") == [("unreadable",)]
    assert built_site.rows("select count(*) from papers where title like 'MXNet:%'") == [(1,)]
    monkeypatch.undo()
    built_site.build()
    assert built_site.rows("select count(*) from papers where title like 'MXNet:%'") == [(0,)]


def test_a_file_that_grows_is_read_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is read while it is written is refused; the next run reads it whole."""
    site.put(RECORD, REAL[RECORD][:1000])

    def grow(path: Path) -> None:
        path.write_bytes(REAL[RECORD][:2000])

    _at_open(monkeypatch, grow)
    site.build()
    reason = "select reason from documents where status = 'refused'"
    assert site.rows(reason) == [("not JSON: the document ends too early at byte 2000",)]
    monkeypatch.undo()
    site.put(RECORD, REAL[RECORD])
    summary = site.build()
    assert (summary.read, summary.refused) == (1, 0)


# -- bad disks --------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return the mount point of a disk of 8 MB, or skip the test where none can be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(path)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 - fixed words
        pytest.skip("this user may not mount a file system")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)  # noqa: S603, S607 - fixed words


def _fill(path: Path, left: int) -> Path:
    """Fill a disk up to some bytes, and return the file that does."""
    filler = path / "filler"
    free = shutil.disk_usage(path).free
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, free - left))
    return filler


@pytest.mark.parametrize("left", [0, 200_000])
def test_a_full_disk_publishes_nothing(site: Site, disk: Path, console: Console, left: int) -> None:
    """Wherever room runs out, the build says so and exits with 1; with room, the next succeeds."""
    warehouse = disk / "warehouse"
    arguments = ("build", site.mirror, "--warehouse", warehouse, "--workers", 1)
    assert console(*arguments).code == 0
    before = tables(warehouse)
    site.put("another.json", ANOTHER)
    filler = _fill(disk, left)
    finished = console(*arguments)
    assert finished.code == 1
    assert re.search(r"pith-etl: cannot (write|lock) the warehouse", finished.errors)
    assert "No space left on device" in finished.errors
    assert tables(warehouse) == before
    filler.unlink()
    assert console(*arguments).code == 0
    assert tables(warehouse) != before


def test_a_database_that_cannot_be_committed_is_a_full_disk(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk is full when the views are committed, the build says so and exits with 1."""
    reason = 'Failed to commit: Could not write file "pith.duckdb.wal": No space left on device'

    def fail(*_: object) -> None:
        raise duckdb.TransactionException(reason)

    monkeypatch.setattr("pipeline.jobs.build.write_database", fail)
    finished = build()
    message = f"pith-etl: cannot write the warehouse {site.warehouse}: {reason}\n"
    assert (finished.code, finished.errors) == (1, message)


def test_a_read_only_warehouse_publishes_nothing(site: Site, disk: Path, console: Console) -> None:
    """A build says so and exits with 1; readers still work; once writable, it is built again."""
    warehouse = disk / "warehouse"
    arguments = ("build", site.mirror, "--warehouse", warehouse, "--workers", 1)
    assert console(*arguments).code == 0
    site.put("another.json", ANOTHER)

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)  # noqa: S603, S607 - fixed words

    remount("ro")
    finished = console(*arguments)
    assert finished.code == 1
    assert f"cannot write the warehouse {warehouse}: Read-only file system" in finished.errors
    assert console("history", "--warehouse", warehouse).code == 0
    assert console("check", "--files", "--warehouse", warehouse).code == 0
    remount("rw")
    assert console(*arguments).code == 0
