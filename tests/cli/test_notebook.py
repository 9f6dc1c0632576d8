"""`pith-etl notebook` hands the worked notebook to marimo, or says what is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.console import Console
from tests.paths import REPO


def test_the_notebook_is_served_as_an_app(
    console: Console, samples_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marimo is run on the notebook of the program, over the warehouse that is named."""
    ran: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: ran.append(command))
    monkeypatch.setenv("PITH_ETL_WAREHOUSE", "overwritten")
    assert console("notebook", "--warehouse", samples_warehouse).code == 0
    ((python, *command),) = ran
    assert python == sys.executable
    assert command[:3] == ["-m", "marimo", "run"]
    assert command[-1] == str(REPO / "notebooks" / "explore.py")
    assert os.environ["PITH_ETL_WAREHOUSE"] == str(samples_warehouse)


def test_an_extra_that_is_missing_is_named(
    console: Console, samples_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without marimo the command fails with one line that says which extra to install."""
    monkeypatch.setitem(sys.modules, "marimo", None)
    found = console("notebook", "--warehouse", samples_warehouse)
    assert (found.code, found.output) == (2, "")
    (line,) = found.errors.splitlines()
    assert line.startswith("pith-etl: pith-etl notebook needs the extra notebook: pipx install")


def test_the_notebook_needs_tables(console: Console, tmp_path: Path) -> None:
    """Where nothing is published, the command says what to run."""
    found = console("notebook", "--warehouse", tmp_path / "nowhere")
    assert found.code == 1
    assert "run `pith-etl build SOURCE" in found.errors
