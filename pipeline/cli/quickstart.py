"""`pith-etl quickstart`: the five real documents that come with the program, as files to build."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.resources import samples_dir


def write_samples(directory: Path) -> None:
    """Write the samples into a directory; those that stand there already stay.

    Raises:
        UsageError: a file of that name holds something else, or the directory cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for sample in sorted(samples_dir().iterdir()):
            _write(directory / sample.name, sample.read_bytes())
    except OSError as error:
        message = f"cannot write the samples into {directory}: {error.strerror}"
        raise UsageError(message) from None


def _write(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        if file.read_bytes() != content:
            message = f"{file} is not the sample of that name; name another directory"
            raise UsageError(message) from None
