"""Build hostile files beside the five real documents, over and over, and measure what they cost.

    python -m benchmarks.fuzz --seconds 180

Each round draws files of one kind of `tests/hostile.py`, or of all of them, and builds them by the
command line with one worker. Half of the rounds build into a new warehouse, the others into one
that is kept, as for a mirror in which other people's files change every night. A round checks that

1. the build publishes: it exits with 0 or 3;
2. the documents in the files have at most 100 times the bytes of the files;
3. beyond what the real documents alone take, the build takes at most `SECONDS` of CPU for each MB
   and `MEMORY` bytes of memory for each byte, and `SPARE` of both. What counts is the bytes of the
   files or those of the documents in them, whichever are more;
4. no proven row of the real documents changes (`tests/proven.py` says what is compared).

If a check fails, the seed of the round is printed: `--seed N --rounds 1` repeats it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import pith_etl
from pipeline import Warehouse
from tests.hostile import KINDS, write
from tests.paths import SAMPLES
from tests.proven import Proven, Query, changed, proven

_MB = 1_000_000

#: The most CPU seconds for each MB, and bytes of memory for each byte.
SECONDS = 2.0
MEMORY = 40.0
#: What a round may take besides: seconds, as processors are shared, and bytes.
SPARE = (3.0, 100 * _MB)
#: The most bytes of documents for each byte of a file.
_UNPACKED = 100

#: The number of files in a round of one kind. A round of all kinds has one file of each.
_FILES = 6
#: A file has about as many bytes as ten to a power between these.
_POWERS = (3.0, 6.3)


class FuzzError(Exception):
    """A promise did not hold."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a build took: CPU seconds, and the most memory that it held at a time."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Round:
    """The hostile files of a round, the larger of their bytes and those in them, and the cost."""

    kind: str
    sent: int
    held: int
    cost: Cost


def build(warehouse: Path, *sources: Path) -> Cost:
    """Build sources by the command line, in a process of its own.

    Raises:
        FuzzError: nothing was published.
    """
    options = ["--warehouse", str(warehouse), "--workers", "1", "--allow-shrink"]
    command = pith_etl("build", *map(str, sources), *options)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            log.seek(0)
            message = f"the build exited with {process.returncode}: {log.read()[-2000:]!r}"
            raise FuzzError(message)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def ask(warehouse: Warehouse) -> Query:
    """Return what runs queries in a warehouse."""
    return lambda sql: warehouse.connection.execute(sql).fetchall()


@dataclass(frozen=True, slots=True)
class Stand:
    """A directory for the rounds, and what the real documents alone are and take."""

    root: Path
    before: Proven
    alone: Cost

    def play(self, seed: int) -> Round:
        """Make the files of a seed, build them, and check the promises.

        Raises:
            FuzzError: one does not hold.
        """
        chance, folder = random.Random(seed), self.root / "hostile"  # noqa: S311 - no secret
        kinds = [*sorted(KINDS), "all"]
        kind = kinds[seed % len(kinds)]
        shutil.rmtree(folder, ignore_errors=True)
        sent = 0
        for number in range(_FILES if kind != "all" else len(KINDS)):
            scale = round(10 ** chance.uniform(*_POWERS))
            make = KINDS[kind if kind != "all" else kinds[number]]
            sent += write(folder / f"{number}", make(chance, scale))
        fresh = seed // len(kinds) % 2 == 0
        warehouse = self.root / ("fresh" if fresh else "kept")
        if fresh:
            shutil.rmtree(warehouse, ignore_errors=True)
        cost = build(warehouse, SAMPLES, folder)
        with Warehouse(warehouse) as opened:
            if found := changed(self.before, ask(opened)):
                message = f"{len(found)} proven rows changed: {found[0]}"
                raise FuzzError(message)
            read = _bytes(opened, folder)
        played = Round(kind, sent, max(read, sent), cost)
        self._hold(played, read)
        return played

    def _hold(self, played: Round, read: int) -> None:
        """Check what the files of a round cost."""
        seconds, memory = self.beyond(played.cost)
        if read > _UNPACKED * played.sent:
            message = f"{played.sent} bytes of files became {read} bytes of documents"
        elif seconds > SPARE[0] + SECONDS * played.held / _MB:
            message = f"{seconds:.1f} s for {played.held} bytes"
        elif memory > SPARE[1] + MEMORY * played.held:
            message = f"{memory / _MB:.0f} MB of memory for {played.held} bytes"
        else:
            return
        raise FuzzError(message)

    def beyond(self, cost: Cost) -> tuple[float, int]:
        """Return the seconds and bytes that a build took beyond the real documents alone."""
        return cost.seconds - self.alone.seconds, cost.peak_bytes - self.alone.peak_bytes


def _bytes(warehouse: Warehouse, folder: Path) -> int:
    """Return the bytes of the documents of a directory."""
    query = "select coalesce(sum(bytes), 0)::bigint from documents where starts_with(path, ?)"
    ((found,),) = warehouse.connection.execute(query, [f"{folder.resolve()}/"]).fetchall()
    return int(found)


def prepare(root: Path) -> Stand:
    """Build the real documents alone, three times, and keep the least costs."""
    costs = [build(root / f"alone-{number}", SAMPLES) for number in range(3)]
    with Warehouse(root / "alone-0") as warehouse:
        before = proven(ask(warehouse))
    alone = Cost(min(cost.seconds for cost in costs), min(cost.peak_bytes for cost in costs))
    return Stand(root, before, alone)


def report(stand: Stand, rounds: list[Round]) -> Iterator[str]:
    """Yield the lines of a table: for each kind the most that its rounds took."""
    yield "kind             rounds      MB  held MB  CPU s   s/MB   MiB   B/B"
    for kind in sorted({played.kind for played in rounds}):
        own = [played for played in rounds if played.kind == kind]
        costs = [stand.beyond(played.cost) for played in own]
        # in rounds of small files nearly all of the cost is fixed
        large = [
            (seconds / played.held * _MB, memory / played.held)
            for played, (seconds, memory) in zip(own, costs, strict=True)
            if played.held >= _MB
        ]
        rate = f"{max(s for s, _ in large):7.2f}" if large else f"{'-':>7}"
        share = f"{max(m for _, m in large):6.1f}" if large else f"{'-':>6}"
        yield (
            f"{kind:16}{len(own):7}{sum(p.sent for p in own) / _MB:8.1f}"
            f"{sum(p.held for p in own) / _MB:9.1f}{max(s for s, _ in costs):7.1f}{rate}"
            f"{max(m for _, m in costs) / 2**20:6.0f}{share}"
        )


def main() -> None:
    """Play rounds until the time is over, and print what they took at most."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180, help="how long to go on")
    parser.add_argument("--rounds", type=int, help="how many rounds at most")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    given = parser.parse_args()
    ends, rounds, failed = time.monotonic() + given.seconds, [], 0
    with tempfile.TemporaryDirectory() as root:
        stand = prepare(Path(root))
        seed = given.seed
        while time.monotonic() < ends and seed - given.seed != given.rounds:
            try:
                rounds.append(stand.play(seed))
            except FuzzError as error:
                failed += 1
                print(f"FAILED with --seed {seed}: {error}", flush=True)  # noqa: T201 - what it is for
            seed += 1
        print("\n".join(report(stand, rounds)))  # noqa: T201 - what it is for
    if failed:
        sys.exit(f"{failed} rounds of {seed - given.seed} broke a promise")
    print(f"{len(rounds)} rounds held")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
