"""Run a command and measure it: wall time, and the most memory that all its processes held."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds between two looks at the memory. A look stops the process that it looks at for
#: milliseconds. A command that ends before the first look is not disturbed; its memory is unknown.
_INTERVAL = 0.5

#: Modules are compiled once, as they are where `pith-etl` is used.
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took: wall seconds, and the peak of memory over all its processes."""

    seconds: float
    peak_bytes: int


def measure(command: Sequence[str], accepted: Sequence[int] = (0,)) -> Run:
    """Run a command to its end, in a session of its own, by which its processes are found.

    Raises:
        RuntimeError: it exits with a code that is not accepted.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=_ENVIRONMENT,
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    watcher.join()
    if process.returncode not in accepted:
        message = f"{' '.join(command)} exited with {process.returncode}:\n{output.decode()}"
        raise RuntimeError(message)
    return Run(seconds, peak[0])


def best(command: Sequence[str], times: int) -> Run:
    """Return the fastest of several runs: what disturbs a run only makes it slower."""
    return min((measure(command) for _ in range(times)), key=lambda run: run.seconds)


def python(*arguments: str) -> list[str]:
    """Return the command that runs this Python."""
    return [sys.executable, *arguments]


def pith_etl(*arguments: str) -> list[str]:
    """Return the command `pith-etl` of this environment."""
    return [str(Path(sys.executable).parent / "pith-etl"), *arguments]


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while not _ends_within(process, _INTERVAL):
        peak[0] = max(peak[0], sum(_proportional(pid) for pid in _session(process.pid)))


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _session(leader: int) -> list[str]:
    """Return the processes of a session (proc(5): the sixth field of `stat`)."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            if int(fields[3]) == leader:
                found.append(entry.name)
    return found


def _proportional(pid: str) -> int:
    """Return a process' share of memory in bytes, pages it shares divided by their users."""
    try:
        lines = Path("/proc", pid, "smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
