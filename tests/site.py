"""A mirror and its warehouse in a test's own directory, built night after night."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import catalog
from pipeline.documents.keyring import load
from pipeline.jobs.build import Summary
from pipeline.limits import Limits
from pipeline.resources import default_keyring
from pipeline.synth.dump import Plan, write
from tests.building import build_warehouse, close_all, rows
from tests.paths import SAMPLES

#: The five real documents by their names.
REAL = {path.name: path.read_bytes() for path in sorted(SAMPLES.iterdir())}

#: The name of one of them, its content with another title, and its content as another document.
RECORD = "000_97f37641e2d9eba2.txt"
CHANGED = REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1)
ANOTHER = REAL[RECORD] + b"\n"

#: So few documents in a batch that a small dump makes many tasks.
SMALL = Limits(batch_documents=8)

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Site:
    """A directory with `mirror`, `warehouse` and, for a synthetic dump, `keyring.json`."""

    root: Path

    @property
    def mirror(self) -> Path:
        """The directory that is built."""
        return self.root / "mirror"

    @property
    def warehouse(self) -> Path:
        """The warehouse that it is built into."""
        return self.root / "warehouse"

    @property
    def keyring(self) -> Path:
        """The keyring of the dump, or else the one that comes with the program."""
        own = self.root / "keyring.json"
        return own if own.exists() else default_keyring()

    def put(self, name: str, content: bytes) -> Path:
        """Write a file of the mirror, and set its time of modification to yesterday."""
        path = self.mirror / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        yesterday = time.time_ns() - _DAY * 10**9
        os.utime(path, ns=(yesterday, yesterday))
        return path

    def put_all(self, files: dict[str, bytes]) -> None:
        """Write files of the mirror."""
        for name, content in files.items():
            self.put(name, content)

    def build(self, *sources: Path | str, **options: Any) -> Summary:  # noqa: ANN401 - fields of BuildConfig
        """Build the mirror, or other sources, as the command line would, with one worker."""
        given = sources or [self.mirror]
        return build_warehouse(self.warehouse, *given, keyring=load(self.keyring), **options)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query finds in the published tables."""
        return rows(self.warehouse, query)

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - of Popen
        """Start `pith-etl build` of the mirror as a group of processes of its own."""
        return start(
            "build",
            self.mirror,
            "--warehouse",
            self.warehouse,
            "--keyring",
            self.keyring,
            "--progress",
            "plain",
            *arguments,
            **options,
        )


@contextmanager
def copied(aside: Path, root: Path) -> Iterator[Site]:
    """Yield a copy of a built site at the root where it was built, and remove it at the end.

    The paths in its tables and views are right only there. The inodes of the copied files are
    written into the listing, so that the next build finds these files unchanged.
    """
    shutil.copytree(aside, root, symlinks=True)
    site = Site(root)
    (facts,) = site.warehouse.glob("staging/listings/*/listing.json")
    file = facts.with_name("files.parquet")
    listed = pq.read_table(file)
    inodes = [Path(path).stat().st_ino for path in listed["path"].to_pylist()]
    place = listed.schema.get_field_index("inode")
    field = listed.schema.field(place)
    pq.write_table(listed.set_column(place, field, [pa.array(inodes, field.type)]), file)
    told = json.loads(facts.read_bytes())
    told["sha256"]["files"] = hashlib.sha256(file.read_bytes()).hexdigest()
    facts.write_text(json.dumps(told))
    yield site
    close_all()
    shutil.rmtree(root)


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - of Popen
    """Start `pith-etl` as a group of processes of its own."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", "from pipeline.cli.main import main; main()", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def shell(site: Site, streams: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a build from a shell; `streams` are its redirections."""
    program = f'"$0" -c "from pipeline.cli.main import main; main()" "$@" {streams}'
    build = ("build", str(site.mirror), "--warehouse", str(site.warehouse), *options)
    command = ["/bin/sh", "-c", program, sys.executable, *build]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def await_line(process: subprocess.Popen[str], word: str) -> str:
    """Return the first line of a process's log that holds a word."""
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return line
    message = f"the process ended without a line with {word!r}"
    raise AssertionError(message)


def members(group: int) -> list[int]:
    """Return the processes of a group that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it ended while we looked
        if int(pgrp) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def workers(group: int) -> list[int]:
    """Return the processes of a group that were started as workers."""
    return [
        process
        for process in members(group)
        if b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    ]


def await_end(group: int) -> None:
    """Wait until no process of a group is alive; fail if that takes longer than ten seconds."""
    deadline = time.monotonic() + 10
    while left := members(group):
        if time.monotonic() > deadline:
            os.killpg(group, signal.SIGKILL)
            message = f"processes lived on: {left}"
            raise AssertionError(message)
        time.sleep(0.02)


def tables(warehouse: Path, folder: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of every file of the published tables, without `runs`."""
    found = {}
    for name in catalog.tables():
        if name != "runs":
            for path in sorted((folder or warehouse / "current").joinpath(name).iterdir()):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found[f"{name}/{path.name}"] = content
    return found


def synthetic(root: Path, papers: int, seed: int = 0, tamper: float = 0.2) -> Site:
    """Return a site whose mirror holds three documents of each of some synthetic papers."""
    write(Plan(papers, root / "dump", seed=seed, tamper=tamper, events=(2, 4)), workers=1)
    site = Site(root)
    (root / "dump" / "documents").rename(site.mirror)
    (root / "dump" / "keyring.json").rename(root / "keyring.json")
    age(site.mirror.rglob("*.json"))
    return site


def age(paths: Iterable[Path]) -> None:
    """Set the files' time of modification to yesterday, so that a build recognises them again."""
    yesterday = time.time_ns() - _DAY * 10**9
    for path in paths:
        os.utime(path, ns=(yesterday, yesterday))


def log_of(text: str) -> list[dict[str, Any]]:
    """Return the lines of a JSON log."""
    return [json.loads(line) for line in text.splitlines()]
