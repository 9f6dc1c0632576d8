"""Progress of a build: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.build import Progress

#: Seconds between two plain lines of one stage.
_INTERVAL = 10.0


@contextmanager
def progress(mode: str) -> Iterator[Progress]:
    """Yield a function that shows how a build goes on, on standard error.

    Args:
        mode: `auto` (a bar on a terminal, lines elsewhere), `plain` or `none`.
    """
    if mode == "none":
        yield lambda _stage, _done, _total: None
    elif mode == "auto" and sys.stderr.isatty():
        with _bar() as update:
            yield update
    else:
        yield _Lines().update


class _Lines:
    """A line as each stage begins and ends, and one now and then in between."""

    def __init__(self) -> None:
        self._stage = ""
        self._next = 0.0

    def update(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == self._stage and done < total and now < self._next:
            return
        self._stage, self._next = stage, now + _INTERVAL
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        counts = f" {done}/{total}" if total else ""
        sys.stderr.write(f"{stamp} {stage}{counts}\n")


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich import progress as rich  # noqa: PLC0415 - plain runs start faster without it
    from rich.console import Console  # noqa: PLC0415 - see above

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, rich.TaskID] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None, rate="")
            speed = bar.tasks[tasks[stage]].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bar.update(tasks[stage], completed=done, total=total or None, rate=rate)

        yield update
