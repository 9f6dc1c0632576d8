"""The relations on a build's connection are those that `sql/session/catalogue.toml` describes."""

from __future__ import annotations

import ast
import pkgutil
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import catalog
from pipeline.duck import Connection, quote
from pipeline.model import incremental, ranges
from pipeline.resources import sql_dir
from pipeline.sources import inventory
from pipeline.stage.schema import TABLES
from tests.paths import REPO
from tests.site import synthetic

#: Relation to its columns in order, each with its type.
Relations = dict[str, list[tuple[str, str]]]


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    return tomllib.loads((sql_dir() / "session" / "catalogue.toml").read_text("utf-8"))


def _families() -> dict[str, Relations]:
    """Return the columns of the published and of the staged tables."""
    published = {
        table.name: [(column.name, column.type) for column in table.columns]
        for table in catalog.tables().values()
    }
    with duckdb.connect() as connection:
        staged = {}
        for name, schema in TABLES.items():
            rows = connection.from_arrow(schema.empty_table())
            staged[name] = list(zip(rows.columns, map(str, rows.types), strict=True))
    return {"published": published, "staged": staged}


def _described() -> Relations:
    """Return what the catalogue says of every relation."""
    families, described = _families(), {}
    for name, entry in _catalogue().items():
        if name.endswith("*"):
            for table, columns in families[entry["columns_of"]].items():
                if table not in entry.get("without", ()):
                    described[name.removesuffix("*") + table] = columns
        elif entry.get("columns_of") in families["published"]:
            described[name] = families["published"][entry["columns_of"]]
        elif entry.get("columns_of", "").startswith("staged_"):
            described[name] = families["staged"][entry["columns_of"].removeprefix("staged_")]
        else:
            columns = _catalogue()[entry.get("columns_of", name)]["columns"]
            described[name] = [(column, kind) for column, (kind, _meaning) in columns.items()]
    return described


def _relations(connection: Connection) -> Relations:
    """Return what a connection holds beside the published tables."""
    names = connection.execute(
        "select table_name from duckdb_tables() "
        "union select view_name from duckdb_views() where not internal"
    ).fetchall()
    return {
        name: [row[:2] for row in connection.execute(f"describe {quote(name)}").fetchall()]
        for (name,) in names
        if name not in catalog.tables()
    }


def test_the_catalogue_tells_every_relation_of_a_build_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds of everything, of changes and of several ranges make just what it describes."""
    made: list[Relations] = []
    save = inventory.save

    def look(
        connection: Connection, staging: Path, build: str, started_ns: int, facts: inventory.Facts
    ) -> None:
        made.append(_relations(connection))
        save(connection, staging, build, started_ns, facts)

    monkeypatch.setattr(inventory, "save", look)
    site = synthetic(tmp_path, papers=20, tamper=0)
    site.build()
    next(site.mirror.rglob("*.json")).unlink()
    site.build()
    monkeypatch.setattr(ranges, "MOST_PAPERS", 5)
    for most in (-1.0, incremental.MOST):
        monkeypatch.setattr(incremental, "MOST", most)
        next(site.mirror.rglob("*.json")).unlink()
        site.build()
    described = _described()
    for relations in made:
        assert relations == {name: described.get(name) for name in relations}
    assert set().union(*made) == set(described)


@pytest.mark.parametrize("name", _catalogue())
def test_every_relation_is_described(name: str) -> None:
    """A function of ours makes it, and it has a meaning, as has each column."""
    entry = _catalogue()[name]
    assert callable(pkgutil.resolve_name(entry["made_by"]))
    assert entry["meaning"].endswith(".")
    assert ("columns" in entry) != ("columns_of" in entry)
    assert all(meaning.endswith(".") for _, meaning in entry.get("columns", {}).values())
    assert set(entry.get("without", ())) <= set(catalog.tables())


@pytest.mark.parametrize("folder", ["session", "intermediate"])
def test_every_query_of_a_relation_has_its_name(folder: str) -> None:
    """Each file has the name of a relation in the catalogue."""
    files = {file.stem for file in (sql_dir() / folder).glob("*.sql")}
    assert files <= set(_catalogue())


@pytest.mark.parametrize("folder", ["session", "steps"])
def test_every_query_says_its_promise(folder: str) -> None:
    """It begins with a sentence on what it gives."""
    for file in (sql_dir() / folder).glob("*.sql"):
        assert re.match(r"-- [A-Z`][^.:]+[.:]", file.read_text("utf-8").replace("\n-- ", " ")), file


def test_every_query_of_a_step_is_asked() -> None:
    """Code of ours names each file of `sql/steps/`."""
    code = "".join(file.read_text("utf-8") for file in (REPO / "pipeline").rglob("*.py"))
    for file in (sql_dir() / "steps").glob("*.sql"):
        assert re.search(rf"session\.query\(['\"]{file.stem}['\"]", code), file


def test_no_query_of_several_lines_stands_in_python() -> None:
    """Such queries stand in `sql/`, where a header says what each promises."""
    begins = re.compile(r"(with|select|from|create|insert|delete|copy)\b[^.]*\n", re.IGNORECASE)
    for file in (REPO / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not begins.match(node.value.strip()), f"{file}:{node.lineno}"
