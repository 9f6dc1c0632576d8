"""`Warehouse`, as a notebook uses it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline import Warehouse, catalog
from pipeline.errors import UsageError, WarehouseError
from pipeline.warehouse import read_only
from tests.building import build_warehouse
from tests.paths import SAMPLES


def test_sql_gives_a_relation(samples_warehouse: Path) -> None:
    """`sql` returns a DuckDB relation, which goes on from there."""
    with Warehouse(samples_warehouse) as warehouse:
        papers = warehouse.sql("select source_id, submitted_at from papers")
        assert isinstance(papers, duckdb.DuckDBPyRelation)
        newest = papers.order("submitted_at desc").limit(1).fetchall()
    assert newest[0][0] == "1712.05902"


@pytest.mark.parametrize("name", catalog.TABLES)
def test_table_gives_a_lazy_frame(samples_warehouse: Path, name: str) -> None:
    """`table` returns a polars LazyFrame of each table, its columns those of the catalogue."""
    with Warehouse(str(samples_warehouse)) as warehouse:
        frame = warehouse.table(name)
        assert isinstance(frame, pl.LazyFrame)
        assert frame.collect_schema().names() == [c.name for c in catalog.table(name).columns]
        counted = warehouse.sql(f'select count(*) from "{name}"').fetchall()  # noqa: S608 - a table of ours
        assert counted == frame.select(pl.len()).collect().rows()


def test_tables_gives_the_catalogue(samples_warehouse: Path) -> None:
    """`tables` returns each table with its rows, meaning and columns."""
    with Warehouse(samples_warehouse) as warehouse:
        found = {facts.name: facts for facts in warehouse.tables()}
    assert list(found) == list(catalog.TABLES)
    assert found["citations"].rows == 12
    assert found["papers"].columns == catalog.table("papers").columns
    assert all(facts.meaning for facts in found.values())


def test_an_unknown_table_is_named(samples_warehouse: Path) -> None:
    """`table` of a name that is none says which there are, and opens no file by it."""
    with Warehouse(samples_warehouse) as warehouse:
        for name in ("paper", "../papers", "papers/", ""):
            with pytest.raises(UsageError, match="there are aliases, attestations"):
                warehouse.table(name)


def test_a_missing_warehouse_is_an_error(tmp_path: Path) -> None:
    """A warehouse that is missing or unpublished is an error that says what to run."""
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(WarehouseError, match=f"run `pith-etl build SOURCE --warehouse {path}`"):
            Warehouse(path)


def test_a_broken_warehouse_is_an_error(samples_warehouse: Path, tmp_path: Path) -> None:
    """A manifest that is no manifest is an error that says to build again."""
    copy = tmp_path / "warehouse"
    shutil.copytree(samples_warehouse, copy, symlinks=True)
    (copy / "current" / "manifest.json").write_bytes(b"{}")
    with pytest.raises(WarehouseError, match="build again"):
        Warehouse(copy)


def test_an_open_warehouse_keeps_its_snapshot(tmp_path: Path) -> None:
    """A warehouse that is open goes on reading its snapshot while a newer one is published."""
    path, (first, *_) = tmp_path / "warehouse", sorted(SAMPLES.iterdir())
    build_warehouse(path, first)
    with Warehouse(path) as old:
        build_warehouse(path, SAMPLES)
        assert old.sql("select count(*) from papers").fetchall() == [(1,)]
        assert old.table("papers").collect().height == 1
        assert {facts.name: facts.rows for facts in old.tables()}["papers"] == 1
        with Warehouse(path) as new:
            assert new.sql("select count(*) from papers").fetchall() == [(5,)]


def test_a_locked_warehouse_reads_its_tables_alone(samples_warehouse: Path, tmp_path: Path) -> None:
    """After `lock` the tables can be read and no other file, and no setting undoes it."""
    (tmp_path / "secret.csv").write_text("secret\n")
    with Warehouse(samples_warehouse) as warehouse:
        warehouse.lock()
        assert warehouse.sql("select count(*) from papers").fetchall() == [(5,)]
        with pytest.raises(duckdb.PermissionException):
            warehouse.connection.execute(f"from read_text('{tmp_path}/secret.csv')")
        for setting in ("enable_external_access = true", "allowed_directories = ['/']"):
            with pytest.raises(duckdb.Error, match=r"locked|[Cc]annot"):
                warehouse.connection.execute(f"set {setting}")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("select 1", "select 1"),
        ("select 1;", "select 1"),
        ("select 'é' as é; -- é\n/* ; */ ;\n", "select 'é' as é"),
        ("select ';' -- ;", "select ';'"),
    ],
)
def test_a_query_is_freed_of_what_follows(samples_warehouse: Path, query: str, kept: str) -> None:
    """A query comes back without semicolons and comments after it, so that it can be nested."""
    with Warehouse(samples_warehouse) as warehouse:
        assert read_only(warehouse.connection, query) == kept


def test_values_are_bound_before_a_query_is_judged(samples_warehouse: Path) -> None:
    """A query with values is planned with them, and one without its values is an error."""
    query = "select title from papers where source_id = $id"
    with Warehouse(samples_warehouse) as warehouse:
        assert read_only(warehouse.connection, query, {"id": "1512.01274"}) == query
        with pytest.raises(duckdb.Error):
            read_only(warehouse.connection, query)
