"""The version of the program covers all code and SQL that decides what tables hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline import program
from pipeline.resources import sql_dir


def _version(sql: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the version as it is with other SQL."""
    monkeypatch.setattr(program, "sql_dir", lambda: sql)
    return program.version.__wrapped__()


def test_a_check_of_another_name_is_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version changes with the name of a check's file, and with what the file holds."""
    copy = shutil.copytree(sql_dir(), tmp_path / "sql")
    assert _version(copy, monkeypatch) == program.version()
    check = min((copy / "checks").iterdir())
    renamed = check.rename(check.with_name("renamed.sql"))
    versions = {program.version(), _version(copy, monkeypatch)}
    renamed.write_text("-- Another promise.")
    assert len(versions | {_version(copy, monkeypatch)}) == 3


def test_another_worked_query_is_the_same_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL that only shows tables is no part of the version, so adding some makes no table anew."""
    copy = shutil.copytree(sql_dir(), tmp_path / "sql")
    for folder in ("queries", "report", "show"):
        (copy / folder / "added.sql").write_text("-- Another promise.")
    assert _version(copy, monkeypatch) == program.version()
