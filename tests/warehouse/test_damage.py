"""A snapshot whose files were damaged: every reader says which, and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.building import build_warehouse
from tests.console import Console
from tests.paths import SAMPLES

DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 2),
    "empty": lambda file: os.truncate(file, 0),
    "overwritten": lambda file: _rewrite(file, b"x" * file.stat().st_size),
    "scrambled": lambda file: _rewrite(file, _scrambled(file.read_bytes())),
    "missing": lambda file: file.unlink(),
}

#: A reader, and a table that it reads.
READERS: dict[str, tuple[tuple[str, ...], str]] = {
    "sql": (("sql", "from papers"), "papers"),
    "sql as Parquet": (("sql", "from papers", "--format", "parquet"), "papers"),
    "sql of another table": (("sql", "from events"), "events"),
    "sql through a macro": (("sql", "from resolve('1512.01274')"), "aliases"),
    "show": (("show", "1512.01274"), "papers"),
    "show of a section": (("show", "1512.01274"), "events"),
    "search": (("search", "neural"), "papers"),
    "report": (("report", "--output", "-"), "signatures"),
    "check": (("check",), "citations"),
    "check --rows": (("check", "--rows", "state_not_reproducible"), "findings"),
    "diff": (("diff", "current"), "papers"),
    "diff --table": (("diff", "current", "--table", "papers"), "papers"),
    "export": (("export", "--output", "{tmp}/out"), "papers"),
    "export to SQLite": (("export", "--format", "sqlite", "--output", "{tmp}/out"), "keys"),
}


def _rewrite(file: Path, content: bytes) -> None:
    file.unlink()  # a published table is read-only
    file.write_bytes(content)


def _scrambled(content: bytes) -> bytes:
    """Return a Parquet file whose footer tells of pages that are no longer there."""
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:4] + b"x" * (footer - 4) + content[footer:]


@pytest.fixture
def warehouse(samples_warehouse: Path, tmp_path: Path) -> Path:
    """Return a copy of the samples' warehouse that a test may damage."""
    return Path(shutil.copytree(samples_warehouse, tmp_path / "warehouse", symlinks=True))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_names_the_damaged_file(
    console: Console, warehouse: Path, tmp_path: Path, reader: str, damage: str
) -> None:
    """Whatever reads a damaged file exits with 1, names it and its snapshot, and what to do."""
    arguments, table = READERS[reader]
    (file,) = (warehouse / "current" / table).resolve().iterdir()
    DAMAGES[damage](file)
    filled = [argument.format(tmp=tmp_path) for argument in arguments]
    found = console(*filled, "--warehouse", warehouse)
    assert (found.code, found.output) == (1, "")
    assert found.errors == (
        f"pith-etl: {file} is damaged; `pith-etl check --files` lists all damaged files of the "
        "published snapshot; build again\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_another_table_goes_on_being_read(console: Console, tmp_path: Path, damage: str) -> None:
    """If one file is damaged, the others can be read, and the tables listed."""
    warehouse = tmp_path / "warehouse"
    build_warehouse(warehouse, SAMPLES)
    DAMAGES[damage](warehouse / "current" / "events" / "0000-2.parquet")
    found = console("sql", "select count(*) as n from papers", "--warehouse", warehouse)
    assert (found.code, found.errors) == (0, "")
    assert console("tables", "--warehouse", warehouse).code == 0


def test_a_wrong_query_is_not_blamed_on_the_files(console: Console, tmp_path: Path) -> None:
    """A query that fails by itself is wrong usage, damaged files or not."""
    warehouse = tmp_path / "warehouse"
    build_warehouse(warehouse, SAMPLES)
    DAMAGES["missing"](warehouse / "current" / "events" / "0000-2.parquet")
    found = console("sql", "select nope from papers", "--warehouse", warehouse)
    assert found.code == 2
    assert "Binder Error" in found.errors
    found = console("sql", "from read_text('/etc/hostname')", "--warehouse", warehouse)
    assert found.code == 2


def test_an_older_snapshot_is_named(console: Console, tmp_path: Path) -> None:
    """`diff` names the damaged file of the snapshot that is not the published one."""
    warehouse, (first, *_) = tmp_path / "w", sorted(SAMPLES.iterdir())
    old = build_warehouse(warehouse, first).snapshot
    build_warehouse(warehouse, SAMPLES)
    file = warehouse / "snapshots" / old / "papers" / "0000-2.parquet"
    DAMAGES["truncated"](file)
    found = console("diff", old, "current", "--warehouse", warehouse)
    assert (found.code, found.output) == (1, "")
    assert f"{file} is damaged" in found.errors
