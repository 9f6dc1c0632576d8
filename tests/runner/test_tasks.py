"""Staging by worker processes: the same bytes as in one process, and no process is left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq
import pytest

from pipeline import catalog
from pipeline.documents.keyring import load
from pipeline.errors import WarehouseError
from pipeline.limits import DEFAULT, Limits
from pipeline.model.range_tasks import RangeContext, model_range
from pipeline.model.ranges import EVERYTHING
from pipeline.program import version
from pipeline.resources import default_keyring
from pipeline.runner.tasks import Task, TaskContext, plan, run_task
from pipeline.sources.files import InputFile, discover
from pipeline.sources.reading import WHOLE, Share
from tests.building import build_warehouse
from tests.site import SMALL, Site, await_end, await_line, members, synthetic, tables, workers


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a synthetic mirror of many tasks, built by one worker; no test may change it."""
    site = synthetic(tmp_path_factory.mktemp("work"), papers=30)
    site.build(limits=SMALL)
    return site


def _fresh(site: Site, root: Path) -> Site:
    """Return the same mirror with an empty warehouse."""
    root.mkdir(exist_ok=True)
    fresh = Site(root)
    (root / "keyring.json").write_bytes(site.keyring.read_bytes())
    return fresh


def _plan(sizes: list[int], limits: Limits = DEFAULT, workers: int = 1) -> list[Task]:
    """Plan files of these sizes."""
    files = [InputFile(str(number), b"", size) for number, size in enumerate(sizes)]
    return list(plan(files, sum(sizes), limits, workers))


def test_a_plan_holds_every_file_once_in_groups_of_a_batch() -> None:
    """A group ends when it has as many files as a batch has documents, or a batch's bytes."""
    limits = Limits(batch_documents=3, batch_bytes=10)
    tasks = _plan([1, 1, 1, 1, 50, 1, 9, 1, 10, 10], limits)
    assert [[file.size for file in task.files] for task in tasks] == [
        [1, 1, 1],
        [1, 50],
        [1, 9],
        [1, 10],
        [10],
    ]
    assert [task.number for task in tasks] == [0, 1, 2, 3, 4]
    assert _plan([], limits) == []


def test_packed_files_are_planned_by_what_they_likely_hold() -> None:
    """A task of packed files holds about a batch of documents, not a batch of packed bytes."""
    files = [InputFile(f"{number}.gz", b"", 2**20) for number in range(6)]
    tasks = plan(files, sum(file.weight for file in files), DEFAULT)
    assert [len(task.files) for task in tasks] == [3, 3]


def test_a_batch_ends_at_its_number_of_objects(tmp_path: Path) -> None:
    """Small documents of very many objects are staged a few at a time: rows are made of objects."""
    raw = b'{"bundle_type": "x", "events": [' + b"{}," * 98 + b"{}]}"
    (tmp_path / "many.jsonl").write_bytes(b"\n".join(raw + b" " * n for n in range(10)))
    staged = build_warehouse(
        tmp_path / "warehouse", tmp_path / "many.jsonl", limits=Limits(batch_objects=300)
    )
    assert staged.staged == 10
    assert len(list((tmp_path / "warehouse/staging/parts").iterdir())) == 4


def test_tasks_of_several_workers_get_smaller_towards_the_end() -> None:
    """Each worker gets several tasks, with small ones last; a long run has large tasks."""
    sizes = [2**20] * 100
    tasks = _plan(sizes, workers=2)
    held = [len(task.files) for task in tasks]
    assert sum(held) == 100
    assert held == sorted(held, reverse=True)
    assert held[0] <= 25
    assert held[-2] == 4
    assert len(_plan(sizes)) == 5
    assert len(_plan([2**20] * 4, workers=2)) == 1
    assert len(_plan([2**20] * 2400, workers=2)) < 100 + 20


def test_a_large_file_is_shared_out_to_all_workers() -> None:
    """A file that would keep a single worker busy becomes a task for each worker."""
    large = InputFile("large.tgz", b"", 64 * 2**20)
    files = [InputFile("small", b"", 2**20), large, InputFile("after", b"", 2**20)]
    tasks = list(plan(files, sum(file.weight for file in files), DEFAULT, 2))
    assert [[file.path for file in task.files] for task in tasks] == [
        ["small"],
        ["large.tgz"],
        ["large.tgz"],
        ["after"],
    ]
    assert [task.share for task in tasks] == [WHOLE, Share(0, 2), Share(1, 2), WHOLE]
    assert [task.number for task in tasks] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["lines.jsonl", "archive.tgz", "archive.zip"])
def test_one_file_shared_out_makes_the_same_tables(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Lines and members are staged once each, whichever worker takes them."""
    monkeypatch.setattr("pipeline.runner.tasks._LEAST_BYTES", 2**10)
    one, two = _fresh(site, tmp_path / "one"), _fresh(site, tmp_path / "two")
    documents = sorted(path for path in site.mirror.rglob("*") if path.is_file())
    # enough that each share has its turn more than once
    contents = [path.read_bytes() + b" " * number for number in range(8) for path in documents]
    file = tmp_path / name
    if name.endswith(".jsonl"):
        file.write_bytes(b"\n".join(contents))
    else:
        members = tmp_path / "members"
        members.mkdir()
        for number, content in enumerate(contents):
            (members / f"{number}.json").write_bytes(content)
        shutil.make_archive(str(tmp_path / "archive"), "zip" if "zip" in name else "gztar", members)
        file = next(tmp_path.glob("archive.*")).rename(file)
    alone = one.build(file, workers=1)
    shared = two.build(file, workers=2)
    assert (shared.read, shared.read_documents) == (alone.read, alone.read_documents)
    assert shared.read_documents == len(contents)
    assert tables(two.warehouse) == tables(one.warehouse)


def test_two_workers_make_the_same_bytes_as_one(site: Site, tmp_path: Path) -> None:
    """The tables do not depend on the number of processes or on the batches."""
    two = _fresh(site, tmp_path)
    summary = two.build(site.mirror, workers=2, limits=Limits(batch_documents=25))
    assert summary.staged == summary.files == 90
    assert summary.peak_bytes["worker"] > 10**7
    assert tables(two.warehouse) == tables(site.warehouse)


def test_the_order_of_the_input_leaves_no_trace(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files staged in any order give the same bytes."""

    def shuffled(files: Iterator[InputFile], *others: Any) -> object:  # noqa: ANN401 - of plan
        mixed = list(files)
        random.Random(1).shuffle(mixed)  # noqa: S311 - no secret
        return plan(mixed, *others)

    monkeypatch.setattr("pipeline.jobs.build.plan", shuffled)
    other = _fresh(site, tmp_path)
    other.build(site.mirror, limits=SMALL)
    assert tables(other.warehouse) == tables(site.warehouse)


def test_many_row_groups_are_the_same_bytes_by_two_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of threads does not change where the row groups of a table end."""
    monkeypatch.setattr(catalog, "ROW_GROUP", 2048)
    one = synthetic(tmp_path / "one", papers=400)
    one.build(workers=1)
    (tmp_path / "two").mkdir()
    two = _fresh(one, tmp_path / "two")
    two.build(one.mirror, workers=2, limits=Limits(batch_documents=400))
    assert one.rows("select count(*) > 2048 from aliases") == [(True,)]
    assert tables(two.warehouse) == tables(one.warehouse)


def _workers(group: int) -> list[int]:
    """Return the worker processes of a build that already watch their parent."""
    found = workers(group)
    return [process for process in found if len(list(Path(f"/proc/{process}/task").iterdir())) > 1]


def test_an_upgrade_in_between_publishes_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that run another version than the build refuse to stage for it."""
    monkeypatch.setattr("pipeline.program.version", lambda: "0123456789abcdef")
    other = _fresh(site, tmp_path)
    with pytest.raises(WarehouseError, match="was upgraded while it ran; nothing was published"):
        other.build(site.mirror, workers=2, limits=Limits(batch_documents=45))
    assert not (other.warehouse / "current").exists()


def test_an_upgrade_after_staging_publishes_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build fails: a worker of the new version would find no parts, and model nothing."""
    monkeypatch.setattr("pipeline.program.digest", lambda: "0123456789abcdef")
    other = _fresh(site, tmp_path)
    with pytest.raises(WarehouseError, match="was upgraded while it ran; nothing was published"):
        other.build(site.mirror)
    assert not (other.warehouse / "current").exists()


def test_a_range_is_modelled_by_the_version_that_started_the_build(tmp_path: Path) -> None:
    """A worker that runs another version refuses before it writes anything."""
    keyring = load(default_keyring())
    context = RangeContext(
        tmp_path, tmp_path, tmp_path, keyring, Limits(), loose=False, version="another"
    )
    with pytest.raises(WarehouseError, match="was upgraded while it ran; nothing was published"):
        model_range(EVERYTHING, context)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def dump(tmp_path: Path) -> Site:
    """Return a mirror whose documents keep two workers busy for seconds."""
    site = synthetic(tmp_path, papers=10)
    contents = [path.read_bytes() for path in site.mirror.rglob("*.json")]
    for task in range(6):
        lines = [
            content.rstrip(b"}") + b',"copy":"%d-%d"}' % (task, copy)
            for copy in range(150)
            for content in contents
        ]
        site.put(f"{task}.jsonl", b"\n".join(lines))
    return site


def test_a_worker_that_is_killed_ends_the_build(dump: Site) -> None:
    """The system may kill a worker: the build says so, exits with 1, and publishes nothing."""
    process = dump.start("--workers", "2")
    await_line(process, "stage")
    while not (found := _workers(process.pid)):
        assert process.poll() is None
    os.kill(found[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "a worker process was killed, perhaps for want of memory" in errors
    assert not (dump.warehouse / "current").exists()
    await_end(process.pid)


def test_no_worker_outlives_its_parent(dump: Site) -> None:
    """When the parent alone is killed, its workers end in the middle of their tasks."""
    process = dump.start("--workers", "2")
    await_line(process, "stage")
    while not _workers(process.pid):
        assert process.poll() is None
    process.kill()
    process.communicate()
    await_end(process.pid)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Return an empty directory, whose name is too long for a socket."""
    path = tmp_path / ("long" * 30)
    path.mkdir()
    return path


def test_what_workers_share_has_no_name(dump: Site, temporary: Path) -> None:
    """Even when all processes are killed, no sockets or semaphores stay in the system."""
    process = dump.start("--workers", "2", env=os.environ | {"TMPDIR": str(temporary)})
    await_line(process, "stage")
    while len(_workers(process.pid)) < 2:
        assert process.poll() is None
    for member in members(process.pid):
        assert "/dev/shm/" not in Path(f"/proc/{member}/maps").read_text()  # noqa: S108 - not ours
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    await_end(process.pid)
    assert not list(temporary.iterdir())


def test_a_defect_in_a_worker_tells_where_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error in a worker is raised by the build, with the worker's traceback."""

    def unlimited(*fields: Any) -> TaskContext:  # noqa: ANN401 - of a job
        return replace(TaskContext(*fields), limits=cast("Limits", None))

    monkeypatch.setattr("pipeline.jobs.build.TaskContext", unlimited)
    with pytest.raises(AttributeError) as caught:
        _fresh(site, tmp_path).build(site.mirror, workers=2, limits=Limits(batch_documents=45))
    assert "in run_task" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_workers_and_all(
    dump: Site, temporary: Path, number: signal.Signals
) -> None:
    """Sent to the whole group, as a terminal does, it ends the build with 130 and one line."""
    process = dump.start("--workers", "2", env=os.environ | {"TMPDIR": str(temporary)})
    await_line(process, "stage")
    while not _workers(process.pid):
        assert process.poll() is None
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.split("\n")[-2:] == ["pith-etl: interrupted", ""]
    assert "Traceback" not in errors
    assert not list((dump.warehouse / "snapshots").glob("*"))
    assert not (dump.warehouse / "staging" / "work").exists()
    assert not list(temporary.iterdir()), "the workers' sockets stayed"
    await_end(process.pid)


def test_a_file_of_many_documents_is_listed_in_the_memory_of_a_batch(tmp_path: Path) -> None:
    """The memory for reading a file does not grow with the documents in it."""
    (tmp_path / "many.ndjson").write_bytes(b"x\n" * 60_000)
    (tmp_path / "known").write_bytes(b"")
    (file,) = discover([tmp_path / "many.ndjson"])
    limits = Limits(batch_documents=3000, mean_bytes=0)
    job = TaskContext(
        tmp_path, tmp_path, tmp_path / "known", load(default_keyring()), limits, version()
    )
    tracemalloc.start()
    try:
        run_task(Task(7, (file,)), job)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(pq.read_table(tmp_path / "7.parquet")) == 60_000
    assert peak < 10 * 2**20  # 60,000 rows held together would be nearly twice that
