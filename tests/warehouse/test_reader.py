"""`Warehouse`, as a notebook uses it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline import (
    PithEtlError,
    UnknownPaperError,
    UsageError,
    Warehouse,
    WarehouseError,
    catalog,
)
from tests.building import build_warehouse
from tests.paths import SAMPLES

MXNET = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"


def test_sql_gives_a_relation(samples_warehouse: Path) -> None:
    """`sql` returns a DuckDB relation, which can be queried further."""
    with Warehouse(samples_warehouse) as warehouse:
        papers = warehouse.sql("select source_id, submitted_at from papers")
        assert isinstance(papers, duckdb.DuckDBPyRelation)
        newest = papers.order("submitted_at desc").limit(1).fetchall()
    assert newest[0][0] == "1712.05902"


@pytest.mark.parametrize("name", catalog.tables())
def test_table_gives_a_lazy_frame(samples_warehouse: Path, name: str) -> None:
    """`table` returns a polars LazyFrame of each table, its columns those of the catalogue."""
    with Warehouse(str(samples_warehouse)) as warehouse:
        frame = warehouse.table(name)
        assert isinstance(frame, pl.LazyFrame)
        assert frame.collect_schema().names() == [c.name for c in catalog.table(name).columns]
        counted = warehouse.sql(f'select count(*) from "{name}"').fetchall()  # noqa: S608 - a table of ours
        assert counted == frame.select(pl.len()).collect().rows()


def test_tables_gives_the_catalogue(samples_warehouse: Path) -> None:
    """`tables` returns each table and view with its rows, meaning and columns."""
    with Warehouse(samples_warehouse) as warehouse:
        found = {facts.name: facts for facts in warehouse.tables()}
    assert list(found) == list(catalog.relations())
    assert found["citations"].rows == 12
    assert [facts.name for facts in found.values() if facts.rows is None] == list(catalog.views())
    assert found["papers"].columns == catalog.table("papers").columns
    assert all(facts.meaning for facts in found.values())


def test_an_unknown_table_is_named(samples_warehouse: Path) -> None:
    """`table` of an unknown name lists the tables, and opens no file of that name."""
    with Warehouse(samples_warehouse) as warehouse:
        for name in ("paper", "../papers", "papers/", ""):
            with pytest.raises(UsageError, match="there are aliases, attestations"):
                warehouse.table(name)
            with pytest.raises(UsageError, match="there is no table or view"):
                warehouse[name]
        with pytest.raises(UsageError, match=r"trust, works\. Did you mean 'trust'\?"):
            warehouse.table("trusts")


@pytest.mark.parametrize("name", catalog.views())
def test_a_view_is_read_as_a_table(samples_warehouse: Path, name: str) -> None:
    """`table` and the brackets give a view as they give a table, and frames of both join."""
    with Warehouse(samples_warehouse) as warehouse:
        frame = warehouse.table(name)
        assert frame.collect_schema().names() == [c.name for c in catalog.views()[name].columns]
        assert frame.collect().height == warehouse[name].count("*").fetchall()[0][0]
        assert name in warehouse
        joined = warehouse.table("trust").join(warehouse.table(name), how="cross")
        assert joined.collect().height == 5 * frame.collect().height


def test_values_are_bound_to_a_query(samples_warehouse: Path) -> None:
    """`sql` binds the values of `$name`s, and does not paste them into the query."""
    with Warehouse(samples_warehouse) as warehouse:
        query = "select title from papers where title = $title or $all order by title"
        hostile = "' or true --"
        assert warehouse.sql(query, {"title": hostile, "all": False}).fetchall() == []
        assert len(warehouse.sql(query, params={"title": "", "all": True}).pl()) == 5


def test_a_worked_example_runs_by_its_name(samples_warehouse: Path) -> None:
    """`query` runs it with values of any type; a slip in a name or a parameter is explained."""
    with Warehouse(samples_warehouse) as warehouse:
        assert warehouse.query("most_cited", rows=1).fetchall()[0][0] == MXNET
        assert warehouse.query("find_paper", id="1512.01274").pl()["pith_number"].to_list() == [
            MXNET
        ]
        with pytest.raises(UsageError, match="Did you mean 'most_cited'"):
            warehouse.query("most_citd")
        with pytest.raises(UsageError, match="most_cited has no parameter 'row'; it has rows"):
            warehouse.query("most_cited", row=1)


def test_a_warehouse_answers_what_the_commands_answer(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """`resolve`, `paper` and `search` find a paper by its names and its words."""
    copy = tmp_path / "warehouse"
    shutil.copytree(samples_warehouse, copy, symlinks=True)  # a search makes an index
    with Warehouse(copy) as warehouse:
        assert warehouse.resolve("https://arxiv.org/abs/1512.01274") == [MXNET]
        assert warehouse.resolve("nothing") == []
        paper = warehouse.paper("1512.01274")
        assert paper.facts["pith_number"] == MXNET
        assert paper.facts["trust"] == "vouched"
        assert len(paper.sections["cited_by"]) == paper.counts["cited_by"] == 12
        with pytest.raises(UnknownPaperError, match="no paper here is named 'nothing'"):
            warehouse.paper("nothing")
        found = warehouse.search("heterogeneous distributed systems").pl()
        assert found["pith_number"].to_list() == [MXNET]
        assert warehouse.search("network", limit=1).pl().height == 1


def test_an_older_snapshot_is_opened_by_its_name(tmp_path: Path) -> None:
    """`snapshots` lists what is kept, the newest first, and `at` opens one of them."""
    path, (first, *_) = tmp_path / "warehouse", sorted(SAMPLES.iterdir())
    build_warehouse(path, first)
    build_warehouse(path, SAMPLES)
    with Warehouse(path) as warehouse:
        new, old = warehouse.snapshots()
        assert warehouse.snapshot.name == new
        with warehouse.at(old) as older:
            assert older["papers"].count("*").fetchall() == [(1,)]
        with pytest.raises(UsageError, match="there is no snapshot '2020'"):
            warehouse.at("2020")


def test_snapshots_are_compared_as_frames(tmp_path: Path) -> None:
    """`diff` counts what differs in each table, and gives the rows of one with what changed."""
    path, (first, *_) = tmp_path / "warehouse", sorted(SAMPLES.iterdir())
    build_warehouse(path, first)
    build_warehouse(path, SAMPLES)
    with Warehouse(path) as warehouse:
        old = warehouse.snapshots()[-1]
        counts = {row["table"]: row for row in warehouse.diff(old).to_dicts()}
        assert counts["papers"] == {"table": "papers", "added": 4, "removed": 0, "changed": 0}
        rows = warehouse.diff("current", old, "papers")
        assert rows["change"].to_list() == ["removed"] * 4
        assert rows["before"].to_list() == [None] * 4
        assert rows.schema["changed_columns"] == pl.List(pl.String)
        assert isinstance(rows.schema["before"], pl.Struct)
        assert [column.name for column in catalog.table("papers").columns] == rows.columns[2:-1]


def test_a_warehouse_is_found_as_the_commands_find_it(
    samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` is the home directory; without a path it is PITH_ETL_WAREHOUSE, or data/warehouse."""
    monkeypatch.setenv("HOME", str(samples_warehouse.parent))
    monkeypatch.delenv("PITH_ETL_WAREHOUSE", raising=False)
    monkeypatch.chdir(tmp_path)
    with Warehouse(f"~/{samples_warehouse.name}") as warehouse:
        assert warehouse.path == samples_warehouse.resolve()
    with pytest.raises(WarehouseError, match="--warehouse data/warehouse"):
        Warehouse()
    with pytest.raises(UsageError, match="by its absolute path"):
        Warehouse("~nobody-of-this-name/warehouse")
    monkeypatch.setenv("PITH_ETL_WAREHOUSE", str(samples_warehouse))
    with Warehouse() as warehouse:
        assert warehouse.path == samples_warehouse.resolve()


def test_every_error_has_a_public_name(tmp_path: Path) -> None:
    """The classes of errors have public names and are subclasses of `PithEtlError`."""
    with pytest.raises(WarehouseError) as caught:
        Warehouse(tmp_path / "missing")
    assert not caught.type.__name__.startswith("_")
    assert issubclass(caught.type, PithEtlError)
    assert issubclass(UnknownPaperError, PithEtlError)


def test_a_missing_warehouse_is_an_error(tmp_path: Path) -> None:
    """A warehouse that is missing or unpublished is an error that says what to run."""
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(WarehouseError, match=f"run `pith-etl build SOURCE --warehouse {path}`"):
            Warehouse(path)


def test_a_broken_warehouse_is_an_error(samples_warehouse: Path, tmp_path: Path) -> None:
    """A broken manifest is an error that says to build again."""
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


def test_a_locked_warehouse_makes_no_file(samples_warehouse: Path, tmp_path: Path) -> None:
    """After `lock` DuckDB itself refuses to make a file, even in the snapshot's own folders."""
    with Warehouse(samples_warehouse) as warehouse:
        warehouse.lock()
        papers = warehouse.snapshot / "papers"
        for place in (papers / "part-9.parquet", papers / "0000-2.parquet", tmp_path / "x"):
            with pytest.raises(duckdb.PermissionException):
                warehouse.connection.execute(f"copy papers to '{place}' (format parquet)")
        assert [file.name for file in papers.iterdir()] == ["0000-2.parquet"]
    assert list(tmp_path.iterdir()) == []


def test_a_published_table_is_read_only(samples_warehouse: Path) -> None:
    """The files of a published table are read-only, so the system refuses to write them, too."""
    files = list((samples_warehouse / "current").resolve().glob("*/*.parquet"))
    assert len(files) == len(catalog.tables())
    assert [file for file in files if file.stat().st_mode & 0o222] == []


def test_a_locked_warehouse_spills_in_private(
    samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB spills to a private directory, which is removed with the warehouse object."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "private"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "private").mkdir()
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp" / "x").write_text("secret")
    with Warehouse(samples_warehouse) as warehouse:
        warehouse.connection.execute("set memory_limit = '60MB'")
        warehouse.lock()
        (private,) = (tmp_path / "private").iterdir()
        assert private.stat().st_mode & 0o777 == 0o700
        with pytest.raises(duckdb.PermissionException):
            warehouse.connection.execute("from read_text('.tmp/x')")
        large = "select count(*) from (select distinct md5(i::varchar) from range(2000000) t(i))"
        assert warehouse.connection.execute(large).fetchall() == [(2000000,)]
    assert list((tmp_path / "private").iterdir()) == []
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with Warehouse(samples_warehouse) as warehouse:
        warehouse.lock()
        assert warehouse.connection.execute("select count(*) from papers").fetchall() == [(5,)]


def test_a_moved_warehouse_is_read_where_it_is(samples_warehouse: Path, tmp_path: Path) -> None:
    """A warehouse that was moved, or whose database file is broken, gives the same answers."""
    query = "select pith_number from papers where pith_number in (from resolve('1512.01274'))"
    moved = tmp_path / "moved"
    shutil.copytree(samples_warehouse, moved, symlinks=True)
    with Warehouse(samples_warehouse) as here, Warehouse(moved) as there:
        assert there.sql(query).fetchall() == here.sql(query).fetchall() != []
        there.lock()
        assert there.sql("select count(*) from trust").fetchall() == [(5,)]
    for content in (b"", b"no database"):
        build_warehouse(tmp_path / "broken", SAMPLES)
        (tmp_path / "broken" / "pith.duckdb").write_bytes(content)
        with Warehouse(tmp_path / "broken") as broken:
            assert broken.sql(query).fetchall() != []


def test_an_open_warehouse_leaves_the_database_file_to_others(samples_warehouse: Path) -> None:
    """While a warehouse is open, others may open `pith.duckdb` to write, and vice versa."""
    file = str(samples_warehouse / "pith.duckdb")
    program = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('from papers'); input()"
    with Warehouse(samples_warehouse) as warehouse:
        with subprocess.Popen(  # noqa: S603 - this very interpreter, with a program of ours
            [sys.executable, "-c", program, file], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as other:
            with Warehouse(samples_warehouse) as second:
                assert second.sql("select count(*) from papers").fetchall() == [(5,)]
            _, errors = other.communicate(b"\n")
        assert (other.returncode, errors) == (0, b"")
        assert warehouse.sql("select count(*) from papers").fetchall() == [(5,)]


def test_tables_of_ones_own_stand_beside_the_views(samples_warehouse: Path) -> None:
    """A table created on the connection of a warehouse is in memory, and joins with its views."""
    with Warehouse(samples_warehouse) as warehouse:
        warehouse.connection.execute("create table mine as select pith_number from papers limit 1")
        joined = warehouse.sql("select count(*) from mine join papers using (pith_number)")
        assert joined.fetchall() == [(1,)]


def test_opening_a_warehouse_imports_no_more_than_it_needs(samples_warehouse: Path) -> None:
    """A query on the command line imports neither rich nor polars, pyarrow or the catalogue."""
    program = (
        "import sys; from pipeline.cli.main import run; "
        "sys.argv = ['pith-etl', *sys.argv[1:]]; run(); "
        "print({'rich', 'polars', 'pyarrow', 'duckdb', 'pipeline.catalog', 'prompt_toolkit'} "
        "& set(sys.modules))"
    )
    arguments = ["sql", "select 1 as one", "--warehouse", str(samples_warehouse)]
    output = subprocess.run(  # noqa: S603 - this very interpreter, with a program of ours
        [sys.executable, "-c", program, *arguments], capture_output=True, check=True, text=True
    ).stdout
    assert output.splitlines()[-1] == "set()"
