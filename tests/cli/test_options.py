"""What the parameters of several commands share."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from pipeline import catalog
from pipeline.cli.main import cli
from pipeline.cli.options import PATH


def _completions(words: str, start: str) -> list[str]:
    complete = BashComplete(cli, {}, "pith-etl", "_PITH_ETL_COMPLETE")
    return [item.value for item in complete.get_completions(shlex.split(words), start)]


def test_commands_and_options_complete() -> None:
    """The tab key completes commands, options and the values of a choice."""
    assert _completions("", "bu") == ["build"]
    assert "--output" in _completions("export", "--o")
    assert _completions("export --format", "sq") == ["sqlite"]


@pytest.mark.parametrize("words", ["tables", "export --table", "export --table papers --table"])
def test_tables_complete(words: str) -> None:
    """The tab key completes the tables, wherever one is asked for."""
    assert set(_completions(words, "")) >= set(catalog.tables())
    assert _completions(words, "pap") == ["papers"]
    assert not _completions(words, "no such table")


def test_views_complete_where_they_are_read() -> None:
    """The tab key completes a view and a macro where a command reads one, and not elsewhere."""
    assert _completions("tables", "timel") == ["timeline"]
    assert _completions("tables", "reso") == ["resolve"]
    assert _completions("export --table", "timel") == ["timeline"]
    assert not _completions("diff --table", "timel")


@pytest.mark.parametrize("words", ["queries", "sql --named"])
def test_queries_complete(words: str) -> None:
    """The tab key completes the worked examples."""
    assert _completions(words, "") == list(catalog.queries())
    assert _completions(words, "most_c") == ["most_cited"]


def test_checks_and_parameters_complete() -> None:
    """The tab key completes the checks, and the parameters of the worked example with defaults."""
    assert _completions("check --rows", "chain_l") == ["chain_loop"]
    assert _completions("sql --named most_cited --param", "") == ["rows=20"]
    assert not _completions("sql --param", "")


def test_snapshots_complete(samples_warehouse: Path, tmp_path: Path) -> None:
    """The tab key completes the snapshots that are kept, wherever one is asked for."""
    (name,) = (path.name for path in (samples_warehouse / "snapshots").iterdir())
    for command in ("diff", "diff current", "rollback"):
        assert name in _completions(f"{command} -w {samples_warehouse}", "20")
        assert not _completions(f"{command} -w {tmp_path}", "20")


def test_a_path_may_hold_any_bytes() -> None:
    """A name that is not UTF-8 keeps its bytes."""
    name = os.fsdecode(b"\xff")
    assert PATH.convert(name, None, None) == Path(name)
