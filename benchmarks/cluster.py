"""A Dask cluster on loopback, to compare a build on it with one by our own processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

_DASK = (sys.executable, "-m", "dask")


@contextmanager
def workers(count: int, directory: Path) -> Iterator[str]:
    """Run a scheduler and workers with one thread each; yield its address.

    Args:
        count: how many workers.
        directory: a new one, for what they write.
    """
    directory.mkdir()
    file = directory / "scheduler.json"
    options = ("--no-dashboard", "--scheduler-file", str(file))
    running = [_start(directory, "scheduler", "--host", "127.0.0.1", "--port", "0", *options)]
    try:
        # the scheduler makes the file before it writes the address
        while not (file.exists() and file.stat().st_size):
            time.sleep(0.05)
        alone = ("--nthreads", "1", "--no-nanny")
        running += [_start(directory, "worker", *options, *alone) for _ in range(count)]
        address = json.loads(file.read_bytes())["address"]
        with import_module("distributed").Client(address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()


def _start(directory: Path, *command: str) -> subprocess.Popen[bytes]:
    with (directory / "log").open("ab") as log:
        return subprocess.Popen((*_DASK, *command), cwd=directory, stdout=log, stderr=log)
