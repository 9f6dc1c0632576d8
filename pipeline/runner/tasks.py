"""Staging as tasks: planned once, run by an executor.

A task is a group of files. A task writes parts and a listing of the documents with their places. It
returns only counts, so memory does not grow with the input. `run_task` needs only its arguments:
any executor with the standard `concurrent.futures` interface can run it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path

import pyarrow.parquet as pq

from pipeline import program
from pipeline.documents.keyring import Keyring
from pipeline.errors import WarehouseError
from pipeline.executors import run_all
from pipeline.limits import Limits
from pipeline.outputs import put_whole
from pipeline.runner.part_store import DigestSet, write_part
from pipeline.sources.files import InputFile
from pipeline.sources.reading import WHOLE, RawDocument, Share, ahead, read_documents
from pipeline.stage.schema import INPUTS, InputRow, to_arrow
from pipeline.stage.stage import stage


@dataclass(frozen=True, slots=True)
class TaskContext:
    """The settings that all tasks of a build share.

    Attributes:
        staging: the staging directory, which receives the parts.
        listing: the directory that receives the listings.
        known: the file of the digests that need no staging.
        version: of the program that started the build (`program.version`).
    """

    staging: Path
    listing: Path
    known: Path
    keyring: Keyring
    limits: Limits
    version: str


@dataclass(frozen=True, slots=True)
class Task:
    """A group of files, and the number that names its listing.

    `share` is what the task stages of its file, where other tasks stage the rest of it.
    """

    number: int
    files: tuple[InputFile, ...]
    share: Share = WHOLE


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The counts of tasks: files and documents found, documents newly staged, their bytes.

    `peak_bytes` is the most memory that one process held.
    """

    files: int = 0
    documents: int = 0
    staged: int = 0
    bytes: int = 0
    peak_bytes: int = 0

    def __add__(self, other: TaskResult) -> TaskResult:
        """Return the sums of the counts, and the maximum of the memory."""
        return TaskResult(
            self.files + other.files,
            self.documents + other.documents,
            self.staged + other.staged,
            self.bytes + other.bytes,
            max(self.peak_bytes, other.peak_bytes),
        )


#: Tasks do not get smaller than this, so that a night's parts stay few.
_LEAST_BYTES = 4 * 2**20


def plan(files: Iterable[InputFile], size: int, limits: Limits, workers: int = 1) -> Iterator[Task]:
    """Yield the files in tasks of at most about one batch.

    Several workers get smaller tasks towards the end, so that they finish together. Each task is
    half of its worker's share of the rest. A file that is larger than that is a task of its own for
    each of several workers, who read all of it and stage a share.

    Args:
        files: in the order in which they are to be read.
        size: the weight of all of them: about their bytes, unpacked.
        limits: of a batch.
        workers: how many there will be.
    """
    rest, numbers = iter(files), count()
    while True:
        share = size // (2 * workers) if workers > 1 else size
        room = min(limits.batch_bytes, max(_LEAST_BYTES, share))
        group = tuple(_up_to(room, islice(rest, limits.batch_documents)))
        if not group:
            return
        # only the last one of a group can be large
        *small, last = group
        size -= sum(file.weight for file in small)
        shares = _shares(last, size, workers)
        size -= last.weight
        if shares == 1:
            yield Task(next(numbers), group)
            continue
        if small:
            yield Task(next(numbers), tuple(small))
        for number in range(shares):
            yield Task(next(numbers), (last,), Share(number, shares))


def _shares(file: InputFile, size: int, workers: int) -> int:
    """Return into how many tasks a file is shared out.

    Args:
        file: the next one.
        size: the weight of it and of all files after it.
        workers: how many there are.
    """
    # rounded up: what is more than one worker's part is shared out
    proportion = -(-workers * file.weight // max(size, 1))
    return max(1, min(workers, proportion, file.weight // _LEAST_BYTES))


def _up_to(room: int, files: Iterable[InputFile]) -> Iterator[InputFile]:
    """Yield files until they have some weight."""
    for file in files:
        yield file
        room -= file.weight
        if room <= 0:
            return


def run(
    tasks: Iterator[Task], job: TaskContext, executor: Executor, pending: int
) -> Generator[TaskResult]:
    """Run the tasks by an executor; yield the counts of each when it is done.

    Args:
        tasks: as `plan` yields them; each is taken when a place is free.
        job: what they share.
        executor: any; the caller shuts it down.
        pending: how many tasks it holds at most: as many as it has workers.

    Raises:
        WarehouseError: a worker died, or staging could not be written.
    """
    with killed_is_said():
        yield from run_all(executor, partial(run_task, job=job), tasks, pending)


@contextmanager
def killed_is_said() -> Iterator[None]:
    """Turn the death of a worker into an error that says what to do.

    Raises:
        WarehouseError: a worker died.
    """
    try:
        yield
    except BrokenExecutor:
        message = (
            "a worker process was killed, perhaps for want of memory; nothing was published: "
            "build again, with fewer --workers if it recurs"
        )
        raise WarehouseError(message) from None


def peak_memory() -> int:
    """Return the most memory, in bytes, that this process has held (proc(5): `VmHWM`, in KiB).

    `getrusage` is no use: its figure for a child process starts with the parent's.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def run_task(task: Task, job: TaskContext) -> TaskResult:
    """Read the task's files; write parts of the new documents and the listing of all.

    Raises:
        WarehouseError: this process runs another version of the program than the build does.
    """
    program.hold(job.version)
    done = TaskResult(files=len(task.files) if task.share.first else 0)
    listing = put_whole(job.listing / f"{task.number}.parquet")
    # batch by batch, because one file may hold millions of documents
    with (
        DigestSet(job.known) as known,
        listing as file,
        pq.ParquetWriter(file, INPUTS) as listed,
    ):
        for batch in _batches(_read(task, job.limits), job.limits):
            new = {
                document.sha256: document.raw
                for document in batch
                if document.sha256 and document.raw is not None and document.sha256 not in known
            }
            if new:
                tables = stage(new.items(), job.keyring)
                write_part(job.staging, tables, [key.label for key in job.keyring.keys])
            listed.write_table(to_arrow(INPUTS, [_listed(document) for document in batch]))
            done += TaskResult(0, len(batch), len(new), sum(item.size or 0 for item in batch))
    return done + TaskResult(peak_bytes=peak_memory())


def _read(task: Task, limits: Limits) -> Iterator[RawDocument]:
    for file, begun in ahead(task.files):
        yield from read_documents(file, limits, task.share, begun)


def _batches(documents: Iterable[RawDocument], limits: Limits) -> Iterator[list[RawDocument]]:
    """Group documents until a batch has its number of documents, of bytes or of objects."""
    batch: list[RawDocument] = []
    size = objects = 0
    for document in documents:
        batch.append(document)
        size += document.size or 0
        objects += (document.raw or b"").count(b"{")
        full = size >= limits.batch_bytes or objects >= limits.batch_objects
        if full or len(batch) >= limits.batch_documents:
            yield batch
            batch, size, objects = [], 0, 0
    if batch:
        yield batch


def _listed(document: RawDocument) -> InputRow:
    return InputRow(
        path=document.path,
        position=document.position,
        bytes=document.size,
        sha256=document.sha256,
        status=document.status,
        reason=document.reason,
    )
