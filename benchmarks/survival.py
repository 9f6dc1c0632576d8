"""Kill builds at random moments, and read while others publish, over and over.

    python -m benchmarks.survival --rounds 200
    python -m benchmarks.survival --rounds 200 --range 20
    python -m benchmarks.survival --readers 4 --builds 20

With `--rounds` it kills the whole process group of a build that replaces a published snapshot. It
checks after each kill that every table opens, that all tables are those of the old snapshot or all
those of the new one, that the hashes of the manifest are right, and that one more build ends with
the bytes of a clean one. With `--readers`, readers query all tables in a loop while builds publish.
It checks that none ever fails and that every set of counts belongs to one snapshot. The tests run
both for a shorter time.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipeline import Warehouse, catalog
from pipeline.documents.keyring import load
from pipeline.errors import PithEtlError
from pipeline.jobs.build import BuildConfig, build
from pipeline.jobs.check import check_files
from pipeline.limits import Limits
from pipeline.model import ranges
from pipeline.synth.dump import Plan, write
from pipeline.warehouse.snapshot import table_files

Hashes = dict[str, str]

REPO = Path(__file__).parent.parent
PROGRAM = [sys.executable, "-m", "benchmarks.survival"]


class SurvivalError(Exception):
    """A promise did not hold."""


def hashes(snapshot: Path) -> Hashes:
    """Return the SHA-256 of each table of a snapshot, without `runs`."""
    return {
        name: hashlib.sha256(
            b"".join(file.read_bytes() for file in table_files(snapshot, name))
        ).hexdigest()
        for name in catalog.tables()
        if name != "runs"
    }


@dataclass(frozen=True, slots=True)
class Stand:
    """A mirror in two states, that of yesterday and that of today, and a warehouse.

    `yesterday` is a warehouse of the first state, copied before each round. `most` is how many
    papers a range holds.
    """

    root: Path
    most: int = ranges.MOST_PAPERS

    @property
    def mirror(self) -> Path:
        """The directory that is built; in its second state."""
        return self.root / "dump" / "documents"

    @property
    def keyring(self) -> Path:
        """The keyring of the dump."""
        return self.root / "dump" / "keyring.json"

    @property
    def warehouse(self) -> Path:
        """The warehouse that builds are killed in."""
        return self.root / "warehouse"

    def build(self, warehouse: Path, workers: int = 1) -> Path:
        """Build the mirror in this process; return the published snapshot."""
        # batches so small that workers have something to do
        limits = Limits(batch_documents=20)
        ranges.MOST_PAPERS = self.most
        config = BuildConfig(
            [str(self.mirror)], warehouse, load(self.keyring), workers, limits, keep=7
        )
        build(config, lambda *_: None)
        return (warehouse / "current").resolve()

    def start(self) -> subprocess.Popen[bytes]:
        """Start a build by two workers as a group of processes of its own."""
        return subprocess.Popen(
            [*PROGRAM, "--build", str(self.root), "--range", str(self.most)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=REPO,
        )

    def restore(self) -> None:
        """Put yesterday's warehouse in the place of the warehouse."""
        shutil.rmtree(self.warehouse, ignore_errors=True)
        shutil.copytree(self.root / "yesterday", self.warehouse, symlinks=True)


def prepare(root: Path, papers: int, most: int = ranges.MOST_PAPERS) -> Stand:
    """Make a dump, build all but every fifth document of it as yesterday's, and complete it."""
    write(Plan(papers, root / "dump", tamper=0.1), workers=1)
    stand = Stand(root, most)
    aside = root / "aside"
    aside.mkdir()
    late = sorted(stand.mirror.rglob("*.json"))[::5]
    for number, path in enumerate(late):
        path.rename(aside / str(number))
    stand.build(root / "yesterday")
    for number, path in enumerate(late):
        (aside / str(number)).rename(path)
    return stand


# -- kills ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Killed:
    """What the rounds found: how many builds had published, and in which part they were."""

    rounds: int = 0
    published: int = 0
    stages: collections.Counter[str] = field(default_factory=collections.Counter)


def kill_rounds(stand: Stand, rounds: int, seed: int) -> Iterator[Killed]:
    """Kill a build in each round, at a moment of its usual time; yield what was found so far.

    Raises:
        SurvivalError: a promise did not hold.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    old = hashes((stand.root / "yesterday" / "current").resolve())
    new = hashes(stand.build(stand.root / "clean"))
    longest = _usual_time(stand)
    found = Killed()
    for _ in range(rounds):
        stand.restore()
        process = stand.start()
        _await_lock(stand, process)
        _kill(process, chance.uniform(0, longest * 1.05))
        found.rounds += 1
        found.stages[_stage(stand.warehouse)] += 1
        found.published += hold(stand, old, new)
        yield found


def _usual_time(stand: Stand) -> float:
    stand.restore()
    process = stand.start()
    _await_lock(stand, process)
    started = time.monotonic()
    process.wait()
    return time.monotonic() - started


def _await_lock(stand: Stand, process: subprocess.Popen[bytes]) -> None:
    """Wait until a build has started up and holds the lock: before, it touches nothing."""
    lock = stand.warehouse / "lock"
    while f"process {process.pid} " not in lock.read_text() and process.poll() is None:
        time.sleep(0.002)


def _kill(process: subprocess.Popen[bytes], after: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(after)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _stage(warehouse: Path) -> str:
    """Return how far a build came, by what it left behind."""
    snapshots = sorted((warehouse / "snapshots").iterdir())
    if (warehouse / "current").resolve() != snapshots[0]:
        return "published"
    if len(snapshots) > 1:
        folder = snapshots[-1]
        return "publish" if (folder / "pith.duckdb").exists() else "model or audit"
    return "stage" if (warehouse / "staging" / "work").exists() else "start"


def hold(stand: Stand, old: Hashes, new: Hashes) -> bool:
    """Check what must be true after a kill; return whether the new snapshot was published."""
    snapshot = (stand.warehouse / "current").resolve()
    found = hashes(snapshot)
    if found not in (old, new):
        message = f"{snapshot} is neither the old snapshot nor the new one"
        raise SurvivalError(message)
    _open(stand.warehouse)
    if broken := [result.name for result in check_files(snapshot) if not result.passed]:
        message = f"{snapshot}: not as its manifest says: {broken}"
        raise SurvivalError(message)
    if hashes(stand.build(stand.warehouse)) != new:
        message = "the next build differs from a clean one"
        raise SurvivalError(message)
    if any((stand.warehouse / "staging" / name).exists() for name in ("work", "aside")):
        message = "the next build left something behind"
        raise SurvivalError(message)
    return found == new


def _open(warehouse: Path) -> None:
    """Read every table, by the class and by the database file."""
    with Warehouse(warehouse) as opened:
        count_all(opened.connection)
    with duckdb.connect(str(warehouse / "pith.duckdb"), read_only=True) as connection:
        count_all(connection)


# -- readers ----------------------------------------------------------------------------------

Counts = tuple[int, ...]


def count_all(connection: duckdb.DuckDBPyConnection) -> Counts:
    """Return the rows of every table, each read to the end, in one query a table."""
    return tuple(
        connection.execute(f'select count(columns(*)), count(*) from "{name}"').fetchall()[0][-1]
        for name in catalog.tables()
    )


@dataclass(slots=True)
class Read:
    """What readers and builds did: queries, snapshots that were read, builds that published."""

    reads: int = 0
    builds: int = 0
    seen: set[Counts] = field(default_factory=set)


def read_while_building(stand: Stand, readers: int, builds: int) -> Read:
    """Let readers read all tables in a loop, in processes of their own, while builds publish.

    Raises:
        SurvivalError: a reader failed, or has counts that belong to no single snapshot.
    """
    stand.restore()
    stop = stand.root / "stop"
    stop.unlink(missing_ok=True)
    with ThreadPoolExecutor(readers) as pool:
        running = [pool.submit(_reader, stand.warehouse, stop, number) for number in range(readers)]
        try:
            published = _publish(stand, builds)
        finally:
            stop.touch()
        return _judge(running, published)


def _publish(stand: Stand, builds: int) -> set[Counts]:
    """Publish snapshots with different counts; return the counts of each."""
    path = min(stand.mirror.rglob("*.json"))
    original = path.read_bytes()
    counts = {_of(stand.warehouse)}
    for number in range(builds):
        # another copy each time, so that the number of documents tells the snapshots apart
        (path.parent / f"copy-{number}.json").write_bytes(original + b"\n" * (number + 1))
        stand.build(stand.warehouse)
        counts.add(_of(stand.warehouse))
    if len(counts) != builds + 1:
        message = "the snapshots cannot be told apart"
        raise SurvivalError(message)
    return counts


def _of(warehouse: Path) -> Counts:
    with Warehouse(warehouse) as opened:
        return count_all(opened.connection)


def _judge(running: list[Future[list[Counts]]], published: set[Counts]) -> Read:
    read = Read(builds=len(published) - 1)
    for future in running:
        found = future.result()
        read.reads += len(found)
        read.seen.update(found)
    if mixed := read.seen - published:
        message = f"counts that belong to no snapshot: {mixed}"
        raise SurvivalError(message)
    return read


def _reader(warehouse: Path, stop: Path, number: int) -> list[Counts]:
    """Run a reader as a process; return all that it counted."""
    command = [*PROGRAM, "--read", str(warehouse), str(stop)]
    way = ["--database"] if number % 2 else []
    finished = subprocess.run(
        [*command, *way],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPO,
    )
    if finished.returncode:
        message = f"a reader failed: {finished.stderr[-2000:]}"
        raise SurvivalError(message)
    return [tuple(map(int, line.split())) for line in finished.stdout.splitlines()]


def read_loop(warehouse: Path, stop: Path, *, database: bool) -> None:
    """Open the tables and print the counts of their rows, again and again until a file appears."""
    while not stop.exists():
        if database:
            with duckdb.connect(str(warehouse / "pith.duckdb"), read_only=True) as connection:
                counts = count_all(connection)
        else:
            counts = _of(warehouse)
        sys.stdout.write(" ".join(map(str, counts)) + "\n")


# -- the command line -------------------------------------------------------------------------


def main() -> None:
    """Run what the arguments ask for and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=0, help="how many builds to kill")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--readers", type=int, default=0, help="how many readers")
    parser.add_argument("--builds", type=int, default=20, help="how many builds while they read")
    parser.add_argument("--papers", type=int, default=100, help="three documents each")
    parser.add_argument(
        "--range", type=int, default=ranges.MOST_PAPERS, help="how many papers a range holds"
    )
    parser.add_argument("--build", type=Path, help="build a stand once, by two workers")
    parser.add_argument("--read", nargs=2, type=Path, metavar=("WAREHOUSE", "STOP"))
    parser.add_argument("--database", action="store_true", help="read by pith.duckdb")
    given = parser.parse_args()
    if given.build:
        stand = Stand(given.build, given.range)
        stand.build(stand.warehouse, workers=2)
        return
    if given.read:
        read_loop(*given.read, database=given.database)
        return
    try:
        _run(given)
    except (SurvivalError, PithEtlError) as error:
        sys.exit(f"FAILED: {error}")


def _run(given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as root:
        stand = prepare(Path(root), given.papers, given.range)
        if given.rounds:
            found = Killed()
            for found in kill_rounds(stand, given.rounds, given.seed):  # noqa: B007 - the last one
                pass
            stages = ", ".join(f"{count} {name}" for name, count in sorted(found.stages.items()))
            print(f"{found.rounds} kills held: {found.published} published; {stages}")  # noqa: T201 - what it is for
        if given.readers:
            read = read_while_building(stand, given.readers, given.builds)
            print(  # noqa: T201 - what it is for
                f"{given.readers} readers, {read.builds} builds: {read.reads} readings of all "
                f"tables, of {len(read.seen)} snapshots, none failed or mixed"
            )


if __name__ == "__main__":
    main()
