"""`.ci/try-pythons` says of each Python that the package names whether the wheel works on it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.paths import REPO

SCRIPT = REPO / ".ci" / "try-pythons"
NAMED = re.findall(
    r"Python :: (3\.\d+)",
    "\n".join(
        tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    ),
)
OURS = f"3.{sys.version_info.minor}"

pytestmark = pytest.mark.skipif(
    not (SCRIPT.exists() and (REPO / ".venv" / "bin" / "python").exists()),
    reason="this is no clone with its .venv",
)


def _try_pythons(home: Path, program: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script where the only other Python is a program of the shell."""
    wheel, python = home / "some.whl", home / f"python{NAMED[-1]}"
    wheel.touch()
    if program:
        python.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
        python.chmod(0o700)
    system = home / "system"
    system.mkdir()
    for tool in ("bash", "realpath", "dirname", "mktemp", "rm", "mkdir", "sed"):
        (system / tool).symlink_to(Path("/usr/bin") / tool)
    return subprocess.run(  # noqa: S603 - a script of ours
        ["/usr/bin/bash", SCRIPT, wheel],
        env={"PATH": f"{home}:{system}", "HOME": str(home), "TMPDIR": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_names_the_python_of_the_tests() -> None:
    """The classifiers begin with the oldest Python that is required, and name that of the tests."""
    required = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    assert required["requires-python"] == f">={NAMED[0]}"
    assert OURS in NAMED


def test_a_python_that_is_not_here_is_said(tmp_path: Path) -> None:
    """Where there is no other Python, a line for each says so, and nothing fails."""
    done = _try_pythons(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Python {version}: the tests run on it"
        if version == OURS
        else f"Python {version}: not on this machine, the wheel was not tried on it"
        for version in NAMED
    ]


def test_a_python_on_which_the_wheel_fails_fails(tmp_path: Path) -> None:
    """The script ends with that error, and leaves nothing in the temporary directory."""
    done = _try_pythons(tmp_path, '[ "$1" = -c ] || { echo no room >&2; exit 9; }')
    assert (done.returncode, done.stderr) == (9, "no room\n")
    assert not list(tmp_path.glob("tmp.*"))
