"""Kill publishers at random moments while a reader reads what they publish, over and over.

    python -m benchmarks.bucket_survival --rounds 200

Two snapshots are published in turn into a bucket on loopback. The reader opens what is published
in a loop, and checks each time that the rows of all tables are those of one of the two.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.survival import Counts, SurvivalError, count_all, prepare
from pipeline import Warehouse, buckets
from pipeline.jobs.publish import publish
from pipeline.warehouse import published, snapshot
from tests.buckets import Buckets

URL = "s3://bucket/some/tables"
_PITH_ETL = Path(sys.executable).with_name("pith-etl")


@dataclass(slots=True)
class Survived:
    """What was seen: publishers killed, how many of them had switched, how often all was read."""

    rounds: int = 0
    switched: int = 0
    readings: int = 0
    seen: int = 0


def kill_publishers(warehouse: Path, rounds: int, seed: int = 1) -> Survived:
    """Kill a publisher in each round; return what was seen.

    Args:
        warehouse: with two snapshots at least.
        rounds: how many publishers to kill.
        seed: of the moments.

    Raises:
        SurvivalError: a reader failed, or saw counts that belong to no single snapshot.
    """
    old, new = snapshot.finished(warehouse)[:2]
    known = {}
    for folder in (old, new):
        snapshot.publish(warehouse, folder)
        publish(warehouse, URL)
        with Warehouse(warehouse) as opened:
            known[folder.name] = count_all(opened.connection)
    found, chance = Survived(), random.Random(seed)  # noqa: S311 - no secret
    reader = _Reader(known)
    reader.start()
    try:
        for number in range(rounds):
            folder = (old, new)[number % 2]
            snapshot.publish(warehouse, folder)
            _kill_one(warehouse, chance.uniform(0.1, 1.3))
            found.rounds += 1
            now = published.Place(URL).published()
            found.switched += now is not None and now.pointer.snapshot == folder.name
    finally:
        reader.end()
    found.readings, found.seen = reader.readings, len(reader.seen)
    return found


def _kill_one(warehouse: Path, after: float) -> None:
    command = (str(_PITH_ETL), "publish", URL, "--keep", "2", "--warehouse", str(warehouse))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)


class _Reader(threading.Thread):
    """Opens what is published, again and again, and counts the rows of all tables."""

    def __init__(self, known: Mapping[str, Counts]) -> None:
        super().__init__()
        self._known, self._over = known, threading.Event()
        self.readings, self.seen = 0, set[str]()
        self._failure: Exception | None = None

    def run(self) -> None:
        while not self._over.is_set() and self._failure is None:
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - it is raised by `end`
                self._failure = error

    def _read(self) -> None:
        with Warehouse(URL) as opened:
            name, counts = opened.snapshot.name, count_all(opened.connection)
        if self._known.get(name) != counts:
            message = f"{name} was read with the counts {counts}"
            raise SurvivalError(message)
        self.seen.add(name)
        self.readings += 1

    def end(self) -> None:
        """Stop reading.

        Raises:
            SurvivalError: a reading failed.
        """
        self._over.set()
        self.join()
        if self._failure:
            message = f"a reader failed: {self._failure}"
            raise SurvivalError(message) from self._failure


def main() -> None:
    """Run what the arguments ask for and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="how many publishers to kill")
    given = parser.parse_args()
    server = Buckets()
    server.begin()
    os.environ |= server.environment
    buckets.forget()
    try:
        with tempfile.TemporaryDirectory() as root:
            os.environ["XDG_CACHE_HOME"] = f"{root}/cache"
            stand = prepare(Path(root), 100)
            stand.restore()
            stand.build(stand.warehouse)
            found = kill_publishers(stand.warehouse, given.rounds)
            print(  # noqa: T201 - what it is for
                f"{found.rounds} publishers killed, {found.switched} had switched: "
                f"{found.readings} readings of all tables, of {found.seen} snapshots, "
                "none failed or mixed"
            )
    finally:
        server.stop()


if __name__ == "__main__":
    main()
