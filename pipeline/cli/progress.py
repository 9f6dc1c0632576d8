"""Progress of a build: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, cast

from pipeline.jobs.build import Progress
from pipeline.text import safe, safe_json

Facts = Mapping[str, int | str]

#: Seconds between two plain lines of one stage.
_INTERVAL = 10.0


@contextmanager
def progress(mode: str, log_format: str = "text") -> Iterator[Progress]:
    """Yield a function that shows how a build goes on, on standard error, if that can be written.

    Args:
        mode: `auto` (a bar on a terminal, lines elsewhere), `plain` or `none`.
        log_format: what a line is: `text`, or a `json` object.
    """
    if mode == "none":
        yield lambda _stage, _done, _total: None
    elif mode == "auto" and log_format == "text" and sys.stderr.isatty():
        with _bar() as update:
            yield update
    else:
        yield _Lines(log_format).update


class _Lines:
    """A line as each stage begins and ends, and one now and then in between."""

    def __init__(self, log_format: str) -> None:
        self._write = _LOGS[log_format]
        self._stage = ""
        self._next = 0.0

    def update(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == self._stage and done < total and now < self._next:
            return
        self._stage, self._next = stage, now + _INTERVAL
        facts = {"done": done, "total": total} if total else {}
        self._write("info", stage, facts)


def log(log_format: str, level: str, message: str, **facts: str) -> None:
    """Write one line to the log, which is standard error, if that can be written.

    Only a JSON line has room for facts.
    """
    _LOGS[log_format](level, message, facts)


def _log_text(level: str, message: str, facts: Facts) -> None:
    mark = "" if level == "info" else f" {level}"
    counts = f" {facts['done']}/{facts['total']}" if "done" in facts else ""
    _write(f"{_now()}{mark} {safe(message)}{counts}\n")


def _log_json(level: str, message: str, facts: Facts) -> None:
    line = {"time": _now(), "level": level, "message": message, **facts}
    _write(safe_json(json.dumps(line, ensure_ascii=False)) + "\n")


def _write(text: str, stream: IO[str] | None = None) -> None:
    # a full disk below the log, or a reader that left, is no reason to lose a night's tables
    with suppress(OSError):
        stream = stream or sys.stderr
        stream.write(text)
        stream.flush()


class _Terminal(io.TextIOBase):
    """Standard error for a bar, whose terminal may go before the build ends."""

    def __init__(self) -> None:
        # while it shows a bar, rich puts its own stream in this one's place
        self._stream = sys.stderr

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> int:
        _write(text, self._stream)
        return len(text)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


_LOGS = {"text": _log_text, "json": _log_json}


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
