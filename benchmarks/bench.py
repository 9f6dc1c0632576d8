"""Measure everything in one run on one dump, and print one table of ratios: `make bench`.

`python -m benchmarks.bench [--documents N] [--peer-documents N] [--work DIR] [--json FILE]`
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from benchmarks.cluster import workers
from benchmarks.peers import PEERS
from benchmarks.process import Run, best, measure, pith_etl, python
from benchmarks.queries import compare


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what was measured, its ratio, and its goal, which is a bound below or above."""

    name: str
    value: float
    goal: str
    detail: str

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        bound = float(self.goal[2:])
        return self.value <= bound if self.goal.startswith("<=") else self.value >= bound


@dataclass(frozen=True, slots=True)
class Dump:
    """A synthetic dump, a document a file."""

    folder: Path
    documents: int

    @property
    def files(self) -> Path:
        """The directory of the documents."""
        return self.folder / "documents"

    @property
    def keyring(self) -> Path:
        """The keyring that trusts them."""
        return self.folder / "keyring.json"

    @property
    def size(self) -> int:
        """The bytes of all documents."""
        return sum(path.stat().st_size for path in self.files.rglob("*.json"))


def synthesise(folder: Path, papers: int, kinds: str = "bundle", seed: int = 0) -> Dump:
    """Write a dump of papers, with a document of each kind."""
    options = ("--kinds", kinds, "--seed", str(seed))
    measure(pith_etl("synth", str(papers), str(folder), *options))
    return Dump(folder, papers * len(kinds.split(",")))


def build(dump: Dump, warehouse: Path, *options: str, source: Path | None = None) -> Run:
    """Build a dump, or a packed file of it, quietly."""
    arguments = ("--keyring", str(dump.keyring), "--warehouse", str(warehouse))
    command = pith_etl(
        "build", str(source or dump.files), *arguments, "--progress", "none", *options
    )
    return measure(command)


def floor(dump: Dump) -> Run:
    """Run the floor over a dump."""
    key = json.loads(dump.keyring.read_text())["keys"][0]["public_key_b64"]
    return best(python("-m", "benchmarks.floor", str(dump.files), key), 2)


def builds(work: Path, small: Dump, large: Dump) -> Iterator[Measure]:
    """Yield what full builds take: time, memory, space, and what a second worker gives."""
    warehouse = work / "large"
    newest = hold_out(large, work / "newest")
    large = replace(large, documents=large.documents - len(newest))
    least, full = floor(large), build(large, warehouse)
    yield Measure(
        "full build / the floor",
        full.seconds / least.seconds,
        "<=2",
        f"{full.seconds:.1f} s / {least.seconds:.1f} s at {large.documents:,} bundles",
    )
    less, single = build(small, work / "small"), build(small, work / "single", "--workers", "1")
    rates = large.documents / full.seconds, small.documents / less.seconds
    sizes = f"{large.documents:,} and {small.documents:,}"
    yield Measure(
        "peak memory, large / small",
        full.peak_bytes / less.peak_bytes,
        "<=1.2",
        f"{full.peak_bytes / 2**20:.0f} MiB / {less.peak_bytes / 2**20:.0f} MiB at {sizes}",
    )
    yield Measure(
        "documents a second, large / small",
        rates[0] / rates[1],
        ">=0.95",
        f"{rates[0]:.0f}/s / {rates[1]:.0f}/s at {sizes}",
    )
    yield _space("bundles", "<=0.15", large, warehouse)
    mirror = synthesise(work / "dump-mirror", small.documents // 3, "record,bundle,state")
    build(mirror, work / "mirror")
    yield _space("documents of all kinds", "<=0.1", mirror, work / "mirror")
    name = "throughput, 2 workers / 1 worker"
    yield compared(name, single, less, ">=1.8", small.documents)
    yield from packed(work, small, less)
    yield from clustered(work, small, less)
    yield from nightly(small, work / "small", less)
    yield from nightly(large, warehouse, full)
    yield arriving(large, newest, warehouse, full)


_NUMBER = re.compile(rb'"pith_number":"pith:([0-9]{4}):')


def hold_out(dump: Dump, aside: Path) -> dict[Path, Path]:
    """Put the newest hundredth of a dump's papers aside; return each place, and the one aside."""
    years = {file: _NUMBER.search(file.read_bytes()) for file in dump.files.rglob("*.json")}
    ordered = sorted(years, key=lambda file: (found[1] if (found := years[file]) else b"", file))
    aside.mkdir()
    places = ordered[-(dump.documents // 100) :]
    return {file: file.rename(aside / f"{number}.json") for number, file in enumerate(places)}


def compared(name: str, one: Run, other: Run, goal: str, documents: int) -> Measure:
    """Return how many times as long one run takes as another on the same documents."""
    detail = f"{one.seconds:.1f} s / {other.seconds:.1f} s at {documents:,}"
    return Measure(name, one.seconds / other.seconds, goal, detail)


def arriving(dump: Dump, newest: dict[Path, Path], warehouse: Path, full: Run) -> Measure:
    """Return what a night takes in which the papers that were put aside arrive."""
    for place, aside in newest.items():
        aside.rename(place)
    night = build(dump, warehouse)
    name = "run after 1 % new, of the newest year / full build"
    return compared(name, night, full, "<=0.1", dump.documents)


def clustered(work: Path, dump: Dump, own: Run) -> Iterator[Measure]:
    """Yield how fast two workers of Dask on this machine are beside two of our own."""
    with workers(2, work / "dask") as address:
        run = build(dump, work / "clustered", "--scheduler", address)
    name = "documents a second, 2 workers of Dask / of our own"
    yield compared(name, own, run, ">=0.95", dump.documents)


def packed(work: Path, dump: Dump, tree: Run) -> Iterator[Measure]:
    """Yield how fast one packed file of a dump is built, beside the tree of its documents."""
    files = sorted(dump.files.rglob("*.json"))
    archive, lines = work / "dump.tgz", work / "dump.jsonl.zst"
    with tarfile.open(archive, "w:gz", compresslevel=6) as packing:
        for file in files:
            packing.add(file, str(file.relative_to(dump.files)))
    with pa.CompressedOutputStream(str(lines), "zstd") as stream:
        for file in files:
            stream.write(file.read_bytes().strip() + b"\n")
    for source in (archive, lines):
        run = build(dump, work / source.suffix, source=source)
        name = f"documents a second, {source.name} / tree"
        yield compared(name, tree, run, ">=0.9", dump.documents)


def _space(what: str, goal: str, dump: Dump, warehouse: Path) -> Measure:
    published = sum(path.stat().st_size for path in warehouse.glob("current/*/*.parquet"))
    return Measure(
        f"published Parquet / {what}",
        published / dump.size,
        goal,
        f"{published / 2**20:.0f} MiB / {dump.size / 2**20:.0f} MiB at {dump.documents:,}",
    )


def nightly(dump: Dump, warehouse: Path, full: Run) -> Iterator[Measure]:
    """Yield what runs take if little is new, or nothing."""
    # stamps of files as young as these are not trusted yet
    time.sleep(3)
    build(dump, warehouse, "--rescan")
    least = best(python("-m", "benchmarks.walk", str(dump.files)), 3)
    unchanged = min((build(dump, warehouse) for _ in range(3)), key=lambda run: run.seconds)
    yield Measure(
        "run without changes / walking the tree",
        unchanged.seconds / least.seconds,
        "<=2",
        f"{unchanged.seconds:.2f} s / {least.seconds:.2f} s at {dump.documents:,}",
    )
    change(dump)
    changed = build(dump, warehouse)
    name = "run after 1 % changed / full build"
    yield compared(name, changed, full, "<=0.25", dump.documents)


def change(dump: Dump) -> None:
    """Put other papers in the place of every hundredth, evenly over the whole dump."""
    touched = sorted(dump.files.rglob("*.json"))[::100]
    others = synthesise(dump.folder.with_name(f"{dump.folder.name}-changes"), len(touched), seed=1)
    for path, other in zip(touched, sorted(others.files.rglob("*.json")), strict=True):
        path.write_bytes(other.read_bytes())


def peers(work: Path, dump: Dump, interpreter: str) -> Iterator[Measure]:
    """Yield how much longer others take on the same documents, by an interpreter that has them."""
    own = build(dump, work / "beside-peers")
    goals = {"duckdb_json": ">=2.3", "documented": ">=1.7", "dlt": ">=4"}
    for name in PEERS:
        output = work / name
        output.mkdir()
        run = measure([interpreter, "-m", "benchmarks.peers", name, str(dump.files), str(output)])
        yield compared(f"{name} / full build", run, own, goals[name], dump.documents)


def starts(warehouse: Path) -> Iterator[Measure]:
    """Yield how long the command line takes to start."""
    least = best(python("-c", "pass"), 5)
    for name, goal, command in (
        ("--help", "<=3.5", pith_etl("--help")),
        ('sql "select 1"', "<=9", pith_etl("sql", "select 1", "--warehouse", str(warehouse))),
    ):
        run = best(command, 5)
        yield Measure(
            f"pith-etl {name} / python -c pass",
            run.seconds / least.seconds,
            goal,
            f"{run.seconds * 1000:.0f} ms / {least.seconds * 1000:.0f} ms",
        )


def queries(warehouse: Path) -> Iterator[Measure]:
    """Yield how warm queries compare with the same on DuckDB's own tables."""
    for name, own, native in compare(warehouse):
        yield Measure(
            f"query {name} / native table",
            own / native,
            "<=2",
            f"{own * 1000:.1f} ms / {native * 1000:.1f} ms",
        )


def report(measures: list[Measure], file: Path | None) -> None:
    """Print the table, and write it as JSON."""
    width = max(len(measure.name) for measure in measures)
    for row in measures:
        mark = "met" if row.met else "NOT MET"
        sys.stdout.write(
            f"{row.name:<{width}}  {row.value:7.2f}  {row.goal:>7}  {mark:<7}  {row.detail}\n"
        )
    if file:
        machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
        rows = [{**asdict(row), "met": row.met} for row in measures]
        file.write_text(json.dumps({"machine": machine, "measures": rows}, indent=2) + "\n")


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--peer-documents", type=int, default=10_000)
    parser.add_argument("--peers-python", default=sys.executable, help="has pandas and dlt")
    parser.add_argument("--work", type=Path, help="where to write; kept")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="pith-etl-bench-"))
    try:
        large = synthesise(work / "dump-large", options.documents)
        small = synthesise(work / "dump-small", options.documents // 5)
        measures = [*builds(work, small, large)]
        beside = synthesise(work / "dump-peers", options.peer_documents)
        measures += peers(work, beside, options.peers_python)
        measures += [*starts(work / "large"), *queries(work / "large")]
        report(measures, options.json)
    finally:
        if options.work is None:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
