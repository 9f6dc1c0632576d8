"""Progress of a build: a bar on a terminal, lines of the log elsewhere, or nothing."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, cast

from pipeline.cli.logs import info
from pipeline.jobs.build import Progress

#: Seconds between two records of one stage.
_INTERVAL = 10.0


@contextmanager
def progress(mode: str, log_format: str = "text") -> Iterator[Progress]:
    """Yield a function that shows how a build goes on.

    Args:
        mode: `auto` (a bar on a terminal, the log elsewhere), `plain` or `none`.
        log_format: the format of the log; with `json` there is no bar.
    """
    if mode == "none":
        yield lambda _stage, _done, _total: None
    elif mode == "auto" and log_format == "text" and sys.stderr.isatty():
        with _bar() as update:
            yield update
    else:
        yield _Lines().update


class _Lines:
    """A record as each stage begins and ends, and one now and then in between."""

    def __init__(self) -> None:
        self._stage = ""
        self._next = 0.0

    def update(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == self._stage and done < total and now < self._next:
            return
        self._stage, self._next = stage, now + _INTERVAL
        info(stage, **({"done": done, "total": total} if total else {}))


class _Terminal(io.TextIOBase):
    """Standard error for a bar, whose terminal may go before the build ends."""

    def __init__(self) -> None:
        # rich replaces this stream by its own while it shows a bar
        self._stream = sys.stderr

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> int:
        # as in the log: a closed terminal must not end the build
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)


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
    with rich.Progress(*columns, console=Console(file=cast("IO[str]", _Terminal()))) as bar:
        tasks: dict[str, rich.TaskID] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None, rate="")
            speed = bar.tasks[tasks[stage]].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bar.update(tasks[stage], completed=done, total=total or None, rate=rate)

        yield update
