"""Running the command line in tests, in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pipeline.cli.main import run


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left behind: its exit status, standard output and standard error."""

    code: int
    raw: bytes
    errors: str

    @property
    def output(self) -> str:
        """Standard output as text."""
        return self.raw.decode()


class Console:
    """Runs commands as a shell would, without the time that a process takes to start."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]
    ) -> None:
        """Take over what the command line reads and writes."""
        self._monkeypatch = monkeypatch
        self._capture = capture

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Finished:
        """Run `pith-etl` with arguments; any exception but an exit is a failure."""
        self._monkeypatch.setattr(sys, "argv", ["pith-etl", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run()
        captured = self._capture.readouterr()
        return Finished(code, captured.out, captured.err.decode())


#: Runs `pith-etl build` with more arguments, on a mirror that is known.
Build = Callable[..., Finished]
