"""`examples/dbt/`: the real dbt builds it over a warehouse, and knows what each column means."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipeline import catalog
from tests.paths import REPO

PROJECT = REPO / "examples" / "dbt"
#: Dbt stands in an environment of its own, which `make dbt` makes.
DBT = shutil.which("dbt", path=f"{REPO / '.venv' / 'dbt' / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project: dbt writes beside it."""
    return Path(shutil.copytree(PROJECT, tmp_path / "project"))


def _dbt(project: Path, warehouse: Path, *arguments: str) -> None:
    assert DBT is not None
    ran = subprocess.run(  # noqa: S603 - the project is ours
        [DBT, "--no-use-colors", *arguments],
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(project),
            "PITH_ETL_WAREHOUSE": str(warehouse),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.skipif(DBT is None, reason="needs dbt: `make dbt`")
def test_dbt_builds_the_project_and_documents_its_sources(
    project: Path, samples_warehouse: Path
) -> None:
    """Its models have the rows of the samples, its tests hold, its catalogue has each column."""
    _dbt(project, samples_warehouse, "build", "--warn-error")
    _dbt(project, samples_warehouse, "docs", "generate")
    with duckdb.connect(str(project / "analysis.duckdb"), read_only=True) as connection:
        counts = connection.sql("select count(*) from trusted_papers").fetchall()
        years = connection.sql("from trusted_by_year order by all").fetchall()
        (comment,) = connection.sql(
            "select comment from duckdb_columns() where table_name = 'trusted_papers'"
            " and column_name = 'title'"
        ).fetchall()
    assert counts == [(5,)]
    assert sum(papers for *_, papers, _ in years) == 5
    assert comment == ("The title, with its LaTeX.",)
    for name, relation in {**catalog.tables(), **catalog.views()}.items():
        found = _seen(project, name)
        assert found == [(column.name, column.meaning) for column in relation.columns]


def _seen(project: Path, name: str) -> list[tuple[str, str]]:
    """Return the columns that dbt found in a source, with the meaning that it shows for each."""
    target = project / "target"
    unique = f"source.pith.pith.{name}"
    found: dict[str, Any] = json.loads((target / "catalog.json").read_text())["sources"][unique]
    shown: dict[str, Any] = json.loads((target / "manifest.json").read_text())["sources"][unique]
    return [(column, shown["columns"][column]["description"]) for column in found["columns"]]


def test_each_model_has_its_meaning() -> None:
    """Each model has SQL that begins with its description, and each column has a description."""
    models = yaml.safe_load((PROJECT / "models" / "models.yml").read_text("utf-8"))["models"]
    files = {path.stem for path in (PROJECT / "models").glob("*.sql")}
    assert {model["name"] for model in models} == files
    for model in models:
        sql = (PROJECT / "models" / f"{model['name']}.sql").read_text("utf-8")
        assert sql.startswith(f"-- {model['description']}\n")
        assert all(column["description"] for column in model["columns"])


def test_what_dbt_writes_is_ignored_by_git() -> None:
    """The project's `.gitignore` lists the files and folders that dbt writes."""
    ignored = (PROJECT / ".gitignore").read_text("utf-8").split()
    assert {"*.duckdb", "target/", "logs/", ".user.yml"} <= set(ignored)
