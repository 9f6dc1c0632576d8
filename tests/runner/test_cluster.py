"""Builds on a real Dask cluster: a scheduler and workers of their own on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

import pytest

from pipeline import extras, program
from pipeline.documents.keyring import load
from pipeline.errors import WarehouseError
from pipeline.jobs.build import BuildConfig, build
from pipeline.model import ranges
from pipeline.runner.cluster import Terms
from tests.console import Console
from tests.site import SMALL, Site, synthetic, tables

_DASK = [sys.executable, "-m", "dask"]


@dataclass
class Processes:
    """A scheduler, and its workers by their names, each in a directory of its own."""

    root: Path
    address: str = ""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str, before: tuple[str, ...] = ()) -> None:
        """Start a process that ends with the tests."""
        directory = self.root / name
        directory.mkdir()
        with (directory / "log").open("wb") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own
                [*before, *_DASK, *command], cwd=directory, stdout=log, stderr=log
            )

    def add(self, name: str, before: tuple[str, ...] = ()) -> None:
        """Start a worker; `before` is a command that runs it."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name)
        self.start(name, "worker", self.address, *options, before=before)

    def kill(self, name: str) -> None:
        """End a process at once."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def wait(self, names: set[str]) -> None:
        """Wait until these are the workers."""
        with import_module("distributed").Client(self.address, set_as_default=False) as client:
            deadline = time.monotonic() + 60
            while {one["name"] for one in client.scheduler_info(-1)["workers"].values()} != names:
                assert time.monotonic() < deadline, names
                time.sleep(0.05)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Yield a scheduler with the workers `one` and `two`."""
    made = Processes(tmp_path_factory.mktemp("cluster"))
    file = made.root / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file")
    made.start("scheduler", "scheduler", *options, str(file))
    try:
        # the scheduler makes the file before it writes the address
        while not (file.exists() and file.stat().st_size):
            assert made.running["scheduler"].poll() is None
            time.sleep(0.05)
        made.address = json.loads(file.read_bytes())["address"]
        made.add("one")
        made.add("two")
        made.wait({"one", "two"})
        yield made
    finally:
        for name in list(made.running):
            made.kill(name)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a synthetic mirror of several ranges, built by this process; no test may change it."""
    site = synthetic(tmp_path_factory.mktemp("local"), papers=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "MOST_PAPERS", 16)
        site.build(limits=SMALL)
        yield site


def _config(site: Site, root: Path, processes: Processes) -> BuildConfig:
    """Return the options of a build of the same mirror into another warehouse."""
    keyring = load(site.keyring)
    return BuildConfig(
        [str(site.mirror)], root / "warehouse", keyring, 1, SMALL, scheduler=processes.address
    )


def _quietly(_stage: str, _done: int, _total: int) -> None:
    """Show no progress."""


def test_a_cluster_makes_the_same_bytes_as_this_process(
    site: Site, tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers stage and model in directories of their own; each table is the same file."""
    monkeypatch.chdir(tmp_path)
    config = replace(_config(site, tmp_path, processes), warehouse=Path("warehouse"))
    summary = build(config, _quietly)
    assert summary.staged == summary.files == 90
    made = tables(tmp_path / "warehouse")
    assert made == tables(site.warehouse)
    assert sum(name.startswith("papers/") for name in made) == 3


def test_a_worker_of_another_version_is_refused(
    site: Site, tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before work starts, the error names the worker and both versions."""
    there = program.versions()
    monkeypatch.setattr(program, "versions", lambda: there | {"duckdb": "9.9.9"})
    with pytest.raises(WarehouseError, match=r"the worker tcp://\S+ runs duckdb .* build 9\.9\.9"):
        build(_config(site, tmp_path, processes), _quietly)
    assert not (tmp_path / "warehouse" / "current").exists()


def test_what_a_worker_cannot_see_is_named(tmp_path: Path) -> None:
    """It must see the build's own directory, not another at that path, and the sources."""
    mark = tmp_path / "mark"
    terms = Terms(program.versions(), mark, "token", (os.fsencode(tmp_path),))
    assert f"does not see {tmp_path}" in str(terms.fault())
    mark.write_text("other")
    assert f"does not see {tmp_path}" in str(terms.fault())
    mark.write_text("token")
    assert terms.fault() is None
    terms = replace(terms, sources=(os.fsencode(tmp_path / "gone"),))
    assert f"cannot read the source {tmp_path}/gone" in str(terms.fault())


def test_a_worker_without_the_source_is_named(
    site: Site, tmp_path: Path, processes: Processes
) -> None:
    """A worker that sees another directory at the source's path is refused."""
    command = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"')
    if subprocess.run([*command, str(site.mirror), "true"], check=False).returncode:  # noqa: S603 - ours
        pytest.skip("this system lets no process have mounts of its own")
    processes.add("blind", before=(*command, str(site.mirror)))
    processes.wait({"one", "two", "blind"})
    try:
        with pytest.raises(WarehouseError, match=r"the worker tcp://\S+ cannot read the source"):
            build(_config(site, tmp_path, processes), _quietly)
    finally:
        processes.kill("blind")
        processes.wait({"one", "two"})


def test_killed_workers_and_added_ones_change_no_byte(
    site: Site, tmp_path: Path, processes: Processes
) -> None:
    """The other workers do what a killed one had begun, and the tables are the same bytes."""
    disturbed: list[str] = []

    def disturb(stage: str, done: int, _total: int) -> None:
        if done and stage not in disturbed:
            disturbed.append(stage)
            processes.kill(next(name for name in processes.running if name != "scheduler"))
            processes.add(f"after-{stage}")

    summary = build(_config(site, tmp_path, processes), disturb)
    assert disturbed == ["stage", "model"]
    assert summary.staged == 90
    assert tables(tmp_path / "warehouse") == tables(site.warehouse)


def test_an_interrupt_cancels_what_waits(site: Site, tmp_path: Path, processes: Processes) -> None:
    """Nothing is published, and the scheduler is left with no task."""

    def interrupt(stage: str, done: int, _total: int) -> None:
        if stage == "stage" and done:
            raise KeyboardInterrupt

    config = _config(site, tmp_path, processes)
    with pytest.raises(KeyboardInterrupt):
        build(config, interrupt)
    assert not (config.warehouse / "current").exists()
    assert not list((config.warehouse / "staging" / "work").glob("*"))
    with import_module("distributed").Client(processes.address, set_as_default=False) as client:
        assert client.run_on_scheduler(_tasks) == 0


def _tasks(dask_scheduler: object) -> int:
    """Return how many tasks the scheduler holds."""
    return len(getattr(dask_scheduler, "tasks"))  # noqa: B009 - of an extra


def test_without_a_scheduler_nothing_of_dask_is_imported() -> None:
    """The command line with all that a build loads imports no module of the extra."""
    code = (
        "import sys, pipeline.cli.nightly;"
        "sys.exit(any(name.split('.')[0] in ('dask', 'distributed') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - ours


@pytest.mark.parametrize("address", ["nowhere://host:1", "tcp://host"])
def test_what_is_no_address_is_wrong_usage(
    site: Site, tmp_path: Path, console: Console, address: str
) -> None:
    """One line says how an address is written."""
    done = console("build", site.mirror, "-w", tmp_path / "w", "--scheduler", address)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "name one as tcp://host:8786" in done.errors


def test_without_the_extra_one_line_names_it(
    monkeypatch: pytest.MonkeyPatch, site: Site, tmp_path: Path, console: Console
) -> None:
    """If the extra is not installed, one line says what to install."""

    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(extras, "import_module", missing)
    done = console("build", site.mirror, "-w", tmp_path / "w", "--scheduler", "tcp://127.0.0.1:1")
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "needs the extra dask: pipx install" in done.errors
