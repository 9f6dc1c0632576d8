"""A wheel, installed on its own, does the main job without the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.paths import REPO


def _run(*command: str, cwd: Path) -> str:
    """Run this interpreter with arguments; return its output."""
    return _done(sys.executable, *command, cwd=cwd)


def _done(*command: str, cwd: Path) -> str:
    """Run a program without the settings of this environment; return its output."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_", "PITH_"))}
    done = subprocess.run(  # noqa: S603 - an interpreter or a program of ours
        command,
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _tracked() -> list[str]:
    git = shutil.which("git")
    if git is None or not (REPO / ".git").exists():
        pytest.skip("the files of the project are known from git, and this is no clone")
    listed = subprocess.run(  # noqa: S603 - git, with arguments of ours
        [git, "ls-files", "-z"], cwd=REPO, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (REPO / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a copy of the project, so that the checkout stays as it is."""
    base = tmp_path_factory.mktemp("wheel")
    source = base / "source"
    for name in _tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPO / name, source / name)
    options = ["--wheel", "--no-isolation", "--outdir", str(base / "dist")]
    _run("-m", "build", *options, str(source), cwd=base)
    (built,) = (base / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, from no index, into an environment of its own; return its directory.

    The packages that it depends on are those of the environment of the tests.
    """
    target = tmp_path_factory.mktemp("installed") / "venv"
    _run("-m", "venv", "--without-pip", str(target), cwd=target.parent)
    (packages,) = target.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile"]
    pip = ["-m", "pip", "--python", str(target / "bin" / "python"), "install"]
    _run(*pip, *options, str(wheel), cwd=target.parent)
    return target


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_its_resources(wheel: Path) -> None:
    """All code, SQL, the keyring, samples and notebook are in it; tests and `docs.py` are not."""
    names = _names(wheel)
    needed = {name for name in _tracked() if name.startswith(("sql/", "data/samples/"))}
    needed |= {"data/keyring.json", "notebooks/explore.py"}
    assert {f"pipeline/_resources/{name}" for name in needed} <= names
    code = {name for name in _tracked() if name.startswith("pipeline/")} - {"pipeline/docs.py"}
    carried = {name for name in names if name.startswith("pipeline/")}
    assert code == {name for name in carried if not name.startswith("pipeline/_resources/")}
    assert not [name for name in names if name.startswith(("tests/", "data/"))]


def test_the_wheel_says_its_licence_and_that_it_is_typed(wheel: Path) -> None:
    """The wheel carries the text of the licence, names it, and has the marker of type checkers."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode("utf-8").splitlines()
    assert {"License-Expression: MIT", "License-File: LICENSE"} <= set(lines)
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    assert "pipeline/py.typed" in names


def test_the_wheel_does_the_main_job(installed: Path, tmp_path: Path) -> None:
    """Installed elsewhere, `pith-etl` builds its samples and answers a query."""

    def command(*arguments: str) -> str:
        return _done(str(installed / "bin" / "pith-etl"), *arguments, cwd=tmp_path)

    where = "import pipeline, pipeline.resources as r; print(pipeline.__file__); print(r.sql_dir())"
    places = _done(str(installed / "bin" / "python"), "-P", "-c", where, cwd=tmp_path).splitlines()
    assert all(place.startswith(f"{installed}/") for place in places)
    command("quickstart", "first")
    query = "select count(*) as n from papers where receipt_status = 'valid' "
    query += "and title_status = 'verified'"
    tables = ["--warehouse", "first/warehouse"]
    assert json.loads(command("sql", query, "--format", "json", *tables)) == [{"n": 5}]
    summary = json.loads(command("build", "first/samples", "--json", "--workers", "2"))
    assert summary["rows"]["papers"] == 5
    assert (tmp_path / "data" / "warehouse" / "pith.duckdb").exists()
    assert str(REPO) not in command("tables", "papers")
