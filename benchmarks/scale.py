"""What a registry of any size takes on any number of cores, from costs measured here.

    python -m benchmarks.scale --measure benchmarks/unit_costs.json
    python -m benchmarks.scale --predict benchmarks/unit_costs.json
    python -m benchmarks.scale --check benchmarks/unit_costs.json benchmarks/last.json

`--measure` builds two small dumps in several ranges and solves for the cost of each step.
`--predict` hands the tasks of a larger build to workers, as the executors do, and adds what one
process does alone. `--check` compares the predictions with what `make bench` measured.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.bench import Dump, change, hold_out, synthesise
from benchmarks.process import measure as run_measured
from benchmarks.process import python
from pipeline.documents.keyring import load
from pipeline.jobs.build import BuildConfig, build
from pipeline.limits import DEFAULT
from pipeline.model import ranges
from pipeline.model.ranges import split

#: The papers of the two dumps; each has a bundle.
_SMALL, _LARGE = 4000, 16_000

#: The years over which synthetic papers are spread evenly, and a bundle's bytes.
_YEARS, _BUNDLE = range(1992, 2026), 13_850

#: How far a prediction may be from what is measured.
_FIFTH = 0.2


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds on one core of the machine that was measured, and bytes.

    Attributes:
        start: to start the program, and all that does not grow.
        listed: to find a file and to stat it.
        staged: to read, verify and stage a document.
        noted: to note a document among the inputs, in one process.
        planned: to plan the queries of a range.
        modelled: to model a document and to check it.
        folded: for each document, in the step that reads all ranges, in one process.
        published: to hash and sync the rows of a document.
        night: for a night, all that does not grow.
        known: for each document that a night does not touch, in one process.
        rewritten: for each document in a range that a night rewrites, in one process.
        second: what the second worker adds, as a share of the first.
        staging_bytes: the bytes of a document in staging.
        table_bytes: the bytes of a document in the tables.
        worker_bytes: the most memory of a worker.
        main_bytes: the most memory of the first process.
    """

    start: float
    listed: float
    staged: float
    noted: float
    planned: float
    modelled: float
    folded: float
    published: float
    night: float
    known: float
    rewritten: float
    second: float
    staging_bytes: float
    table_bytes: float
    worker_bytes: int
    main_bytes: int


# -- the simulation ---------------------------------------------------------------------------


def makespan(tasks: Sequence[float], workers: int) -> float:
    """Return when workers are done, each of whom takes the next task when it is free."""
    free = [0.0] * workers
    for seconds in tasks:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def speed(costs: Costs, workers: int) -> float:
    """Return how fast one of several workers is, beside one alone: they share memory and disk."""
    return 1.0 if workers == 1 else (1 + costs.second) / 2


def sizes(papers: int) -> list[int]:
    """Return how many papers each range holds, if they are spread evenly over the years."""
    # 32 keys of each year: enough for ranges of some 50 million papers
    keys = [year << 10 | low for year in _YEARS for low in range(0, 1024, 32)]
    counts = [(at + 1) * papers // len(keys) - at * papers // len(keys) for at in range(len(keys))]
    held = list(zip(keys, counts, strict=True))
    found = split([(key, count) for key, count in held if count], ranges.MOST_PAPERS)
    return [sum(count for key, count in held if one.low <= key < one.high) for one in found]


def full(costs: Costs, papers: int, workers: int, documents: int = 1) -> float:
    """Return the seconds of a full build of papers with a number of documents each."""
    count = papers * documents
    batch = DEFAULT.batch_bytes // _BUNDLE
    batches = [costs.staged * min(batch, count - at) for at in range(0, count, batch)]
    models = [costs.planned + costs.modelled * documents * held for held in sizes(papers)]
    together = makespan(batches, workers) + makespan(models, workers)
    alone = costs.listed + costs.noted + costs.folded + costs.published
    return costs.start + alone * count + together / speed(costs, workers)


def night(costs: Costs, papers: int, changed: int, rewritten: int, workers: int) -> float:
    """Return the seconds of a night.

    Args:
        costs: as measured.
        papers: how many there are, with a document each.
        changed: how many documents are new or changed.
        rewritten: how many papers the ranges hold that they touch.
        workers: how many there are.
    """
    fresh = (costs.staged + costs.modelled) * changed / (workers * speed(costs, workers))
    return costs.night + costs.known * papers + costs.rewritten * rewritten + fresh


# -- measuring --------------------------------------------------------------------------------


class Built(NamedTuple):
    """A build: seconds by phase and in all, ranges, the memory of its processes."""

    phases: dict[str, float]
    total: float
    ranges: list[int]
    peak_bytes: dict[str, int]


def measure(work: Path) -> Costs:
    """Build two dumps in several ways, and return the costs that explain what they took."""
    small, large = synthesise(work / "small", _SMALL), synthesise(work / "large", _LARGE)
    for dump in (small, large):
        _build(dump, work / "warm", most=_LARGE, workers=1, papers=1)
    many = _build(small, work / "many", most=_SMALL // 8, workers=1)
    few = _build(small, work / "few", most=_SMALL // 2, workers=1)
    one = _build(large, work / "one", most=_LARGE // 2, workers=1)
    newest = hold_out(large, work / "aside")
    two = _build(large, work / "two", most=_LARGE // 2, workers=2)
    for place, aside in newest.items():
        aside.rename(place)
    arrived = _build(large, work / "two", most=_LARGE // 2, workers=2)
    nights = []
    for dump, name in ((small, "few"), (large, "two")):
        change(dump)
        nights.append(_build(dump, work / name, most=dump.documents // 2, workers=2))
    return _solved([many, few, one, two], [arrived, *nights], work)


def _solved(builds: Sequence[Built], nights: Sequence[Built], work: Path) -> Costs:
    many, few, one, two = builds
    arrived, less, more = nights
    apart = _LARGE - _SMALL

    def slope(phase: str) -> float:
        return max(0.0, (one.phases[phase] - few.phases[phase]) / apart)

    planned = (many.phases["model"] - few.phases["model"]) / (len(many.ranges) - len(few.ranges))
    planned = max(planned, 0.0)
    extra = planned * (len(one.ranges) - len(few.ranges))
    modelled = (one.phases["model"] - few.phases["model"] - extra) / apart
    staged = slope("stage")
    noted = max(0.0, (more.phases["stage"] - less.phases["stage"]) / apart - staged / 200)
    known = {"listed": slope("discover"), "folded": slope("audit"), "published": slope("publish")}
    grown = staged + modelled + sum(known.values())
    second = (one.phases["stage"] / two.phases["stage"]) * 0.99 - 1
    fresh = (staged + modelled) / (1 + second)
    # the newest night rewrites its range alone, the scattered one all of them
    rewritten = (more.total - arrived.total) / (_LARGE - arrived.ranges[-1])
    rest = (more.total - less.total) / apart - rewritten - fresh / 100
    return Costs(
        start=max(0.0, few.total - grown * _SMALL - planned * len(few.ranges)),
        staged=staged - noted,
        noted=noted,
        planned=planned,
        modelled=modelled,
        **known,
        night=less.total - (rest + rewritten + fresh / 100) * _SMALL,
        known=max(0.0, rest),
        rewritten=rewritten,
        second=second,
        staging_bytes=_bytes(work / "one" / "staging") / _LARGE,
        table_bytes=_bytes(work / "one" / "snapshots") / _LARGE,
        worker_bytes=two.peak_bytes["worker"],
        main_bytes=two.peak_bytes["main"],
    )


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _build(dump: Dump, warehouse: Path, most: int, workers: int, papers: int = 0) -> Built:
    """Build a dump in a process of its own; with `papers`, only one file, to warm the disk."""
    source = dump.files if not papers else min(dump.files.rglob("*.json"))
    output = warehouse.with_suffix(".json")
    keyring = str(dump.keyring)
    command = ("--build", str(source), keyring, str(warehouse), str(most), str(workers))
    ran = run_measured(python("-m", "benchmarks.scale", *command, str(output)))
    phases, counts, peak = json.loads(output.read_text())
    phases["publish"] = phases.get("publish", 0.0)
    return Built(phases, ran.seconds, counts, peak)


def build_once(source: str, keyring: str, warehouse: str, most: int, workers: int) -> list[object]:
    """Build with ranges of a size; return the seconds of its phases, the ranges and the memory."""
    ranges.MOST_PAPERS = most
    config = BuildConfig([source], Path(warehouse), load(Path(keyring)), workers)
    summary = build(config, lambda *_: None)
    files = sorted(Path(warehouse, "current", "papers").glob("*.parquet"))
    manifest = json.loads(Path(warehouse, "current", "manifest.json").read_text())["files"]
    counts = [manifest[f"papers/{file.name}"]["rows"] for file in files]
    return [summary.seconds, counts, summary.peak_bytes]


# -- what it says -----------------------------------------------------------------------------


def predictions(costs: Costs) -> Iterator[tuple[str, int, int, float]]:
    """Yield what is predicted: its name, papers, workers, seconds."""
    for papers in (20_000, 100_000, 200_000):
        newest = sizes(papers)[-1]
        yield "full build of bundles", papers, 2, full(costs, papers, 2)
        yield "night, 1 % new", papers, 2, night(costs, papers, papers // 100, newest, 2)
        yield "night, 1 % scattered", papers, 2, night(costs, papers, papers // 100, papers, 2)
    for workers in (2, 16, 200):
        yield (
            "full build, three documents a paper",
            1_500_000,
            workers,
            full(costs, 1_500_000, workers, 3),
        )
    newest = sizes(1_500_000)[-1]
    yield "night, 1,000 new papers", 1_500_000, 2, night(costs, 1_500_000, 1000, newest, 2)


def checked(costs: Costs, measured: Path) -> Iterator[tuple[str, float, float]]:
    """Yield name, prediction and measured seconds of each figure that `make bench` measured."""
    names = {
        "full build / the floor": full,
        "run after 1 % new, of the newest year / full build": _newest,
        "run after 1 % changed / full build": _scattered,
    }
    for row in json.loads(measured.read_text())["measures"]:
        found = re.match(r"([\d.]+) s .* at ([\d,]+)", row["detail"])
        if row["name"] in names and found:
            count = int(found[2].replace(",", ""))
            yield f"{row['name']}, {count:,}", names[row["name"]](costs, count, 2), float(found[1])


def _newest(costs: Costs, papers: int, workers: int) -> float:
    return night(costs, papers, papers // 100, sizes(papers)[-1], workers)


def _scattered(costs: Costs, papers: int, workers: int) -> float:
    return night(costs, papers, papers // 100, papers, workers)


def main() -> None:
    """Do what the arguments ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--measure", type=Path, metavar="COSTS")
    parser.add_argument("--predict", type=Path, metavar="COSTS")
    parser.add_argument("--check", type=Path, nargs=2, metavar=("COSTS", "MEASURED"))
    parser.add_argument("--build", nargs=6, help="build once, for --measure")
    given = parser.parse_args()
    if given.build:
        source, keyring, warehouse, most, workers, output = given.build
        found = build_once(source, keyring, warehouse, int(most), int(workers))
        Path(output).write_text(json.dumps(found))
    if given.measure:
        with tempfile.TemporaryDirectory() as work:
            costs = asdict(measure(Path(work)))
        machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
        made = {"machine": machine, "day": time.strftime("%Y-%m-%d"), "costs": costs}
        given.measure.write_text(json.dumps(made, indent=2) + "\n")
    if given.predict:
        _print_predictions(_read(given.predict))
    if given.check:
        _print_checked(_read(given.check[0]), given.check[1])


def _print_predictions(costs: Costs) -> None:
    for name, papers, workers, seconds in predictions(costs):
        size = f"{papers:>9,} papers {workers:>4} workers"
        sys.stdout.write(f"{name:<36} {size} {seconds:>9,.1f} s\n")


def _print_checked(costs: Costs, measured: Path) -> None:
    for name, predicted, found in checked(costs, measured):
        ratio = predicted / found
        mark = "within a fifth" if abs(ratio - 1) <= _FIFTH else "NOT within a fifth"
        sys.stdout.write(f"{name:<60} {predicted:8.1f} s {found:8.1f} s {ratio:5.2f} {mark}\n")


def _read(file: Path) -> Costs:
    return msgspec.convert(json.loads(file.read_text())["costs"], Costs)


if __name__ == "__main__":
    main()
