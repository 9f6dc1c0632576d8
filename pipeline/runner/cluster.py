"""Tasks on a Dask cluster: its executor, and what each worker must fulfil before work starts.

This is the only module that knows `distributed`, which is an extra. Dask gives the tasks of a lost
worker to another one, as often as the scheduler allows (`distributed.scheduler.allowed-failures`).
Twice is once: a part is named by its content, and every other file is put in its place whole.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from pipeline import program
from pipeline.errors import UsageError, WarehouseError
from pipeline.extras import import_extra
from pipeline.sources.files import shown

_P = ParamSpec("_P")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a worker must fulfil: it runs the same program, and sees the same directories.

    Attributes:
        versions: of the program and its libraries (`program.versions`).
        mark: a file of the build's own directory.
        token: what the file holds.
        sources: paths that the workers must be able to read.
    """

    versions: Mapping[str, str]
    mark: Path
    token: str
    sources: tuple[bytes, ...]

    def fault(self) -> str | None:
        """Return what this process does not fulfil, and what to do; None if it fulfils all."""
        own = program.versions()
        for name, version in self.versions.items():
            if own[name] != version:
                return f"runs {name} {own[name]}, and the build {version}: install the same version"
        directory = self.mark.parent
        try:
            seen = self.mark.read_text("ascii") == self.token
        except OSError:
            seen = False
        if not seen:
            return f"does not see {directory}: mount the warehouse there under the same path"
        if not os.access(directory, os.W_OK):
            return f"cannot write {directory}: start it as the user that builds"
        for path in self.sources:
            if not os.access(path, os.R_OK):
                return f"cannot read the source {shown(path)}: mount it there under the same path"
        return None


class ClusterExecutor(Executor):
    """Runs calls on the workers of a cluster; each call holds its worker to the terms.

    So a worker that joins later is held to them, too. When the `with` block ends by an exception,
    calls that wait are cancelled; one that runs goes on, and its result is not taken.
    """

    def __init__(self, client: Any, terms: Terms) -> None:  # noqa: ANN401 - of an extra
        """Take a client of the scheduler, and the terms."""
        # Dask would return the results of a former build for the same arguments, if it were pure
        self._executor = client.get_executor(pure=False)
        self._terms = terms

    def submit(
        self, fn: Callable[_P, _Result], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_Result]:
        """Hand a call to the scheduler."""
        call = partial(fn, *args, **kwargs)
        future: Future[_Result] = self._executor.submit(_on_terms, self._terms, call)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard's
        """Take no call any more; wait for those that were submitted, or cancel them."""
        self._executor.shutdown(wait=wait and not cancel_futures)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Shut down; after an exception, cancel what was submitted."""
        self.shutdown(cancel_futures=kind is not None)
        return None


def _on_terms(terms: Terms, call: Callable[[], _Result]) -> _Result:
    """Do a call on a worker, unless the worker breaks the terms."""
    if fault := terms.fault():
        message = f"a worker on {os.uname().nodename} {fault}; nothing was published"
        raise WarehouseError(message)
    return call()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster whose workers fulfil the terms, and how many tasks they do at a time."""

    client: Any
    terms: Terms
    workers: int

    def executor(self) -> Executor:
        """Return an executor, which leaves the cluster open when it is shut down."""
        return ClusterExecutor(self.client, self.terms)

    @property
    def pending(self) -> int:
        """How many tasks the scheduler holds: some wait for workers that join later."""
        return 2 * self.workers


@contextmanager
def connected(address: str, directory: Path, sources: Sequence[bytes]) -> Iterator[Cluster]:
    """Yield the cluster of a scheduler, after holding each worker to the terms.

    Args:
        address: of the scheduler, as `tcp://host:8786`.
        directory: the build's own; all workers must see it.
        sources: the paths that are built; all workers must see them.

    Raises:
        UsageError: the extra is not installed, or the address is none.
        WarehouseError: no scheduler answers, no worker is there, or one breaks the terms; later,
            the scheduler was lost, or a task with as many workers as it allows.
    """
    library = _library()
    terms = Terms(program.versions(), directory / "mark", uuid4().hex, tuple(_probes(sources)))
    terms.mark.write_text(terms.token, "ascii")
    with _client(library, address) as client:
        _hold(client, address, terms)
        try:
            yield Cluster(client, terms, sum(client.nthreads().values()))
        except library.scheduler.KilledWorker as error:
            message = (
                f"a task was lost with each of {error.allowed_failures + 1} workers, perhaps for "
                "want of memory; nothing was published: build again, with more memory a worker"
            )
            raise WarehouseError(message) from None
        except (CancelledError, library.comm.CommClosedError):
            message = f"the scheduler {address} was lost; nothing was published: build again"
            raise WarehouseError(message) from None


def _library() -> ModuleType:
    """Return `distributed`.

    Raises:
        UsageError: it is not installed.
    """
    return import_extra("distributed", "dask", "a build on a cluster (--scheduler)")


@contextmanager
def _client(library: ModuleType, address: str) -> Iterator[Any]:
    # what its log tells by tracebacks, the errors of the build say in one line
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        # a client of no address would not close
        library.comm.get_address_host(address)
        client = library.Client(address, timeout=_SECONDS, set_as_default=False)
    except ValueError:
        message = f"{address} is no address of a scheduler: name one as tcp://host:8786"
        raise UsageError(message) from None
    except OSError:
        message = f"no scheduler answers at {address}: start one, or build without --scheduler"
        raise WarehouseError(message) from None
    with client:
        yield client


#: How long the scheduler has to answer.
_SECONDS = 10


def _probes(sources: Sequence[bytes]) -> Iterator[bytes]:
    """Yield each source, and an entry of it: where it is not mounted, it may be empty."""
    for source in sources:
        yield source
        if os.path.isdir(source):  # noqa: PTH112 - bytes
            with os.scandir(source) as entries:
                readable = (entry.path for entry in entries if os.access(entry.path, os.R_OK))
                yield from islice(readable, 1)


def _hold(client: Any, address: str, terms: Terms) -> None:  # noqa: ANN401 - of an extra
    """Hold all workers to the terms.

    Raises:
        WarehouseError: there is none, or some break them; the first of these are named.
    """
    found = client.run(terms.fault, on_error="return")
    if not found:
        message = f"the scheduler {address} has no worker: start some with `dask worker {address}`"
        raise WarehouseError(message)
    # what cannot be unpickled or imported there is another version of the program, or none
    faults = [
        f"the worker {worker} "
        + (f"cannot run this pith-etl ({fault})" if isinstance(fault, Exception) else fault)
        for worker, fault in sorted(found.items())
        if fault
    ]
    if faults:
        raise WarehouseError("; ".join(faults[:_NAMED]))


#: How many workers an error names.
_NAMED = 3
