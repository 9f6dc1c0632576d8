"""Exports hold the whole tables, in the formats of other tools."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb
import polars as pl
import polars.selectors as cs
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from pipeline import Warehouse, catalog
from pipeline.cli.main import cli
from pipeline.errors import PithEtlError, UsageError, WarehouseError
from pipeline.formats import ExportFormat
from pipeline.jobs.export import export
from pipeline.vocabulary import words
from tests.building import build_warehouse
from tests.paths import SAMPLES
from tests.site import start

#: Cells that a spreadsheet would run, one for each way to begin, and some that it would not.
HOSTILE = (
    "=HYPERLINK(0)",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\uff1d1+1",
)
HARMLESS = ("A=B", "$p$-adic", "x, \"y\"\nand 'z'", "")


def _json_value(value: object) -> object:
    """Return a value in the form in which formats are compared: times as text."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _published(warehouse: Path, name: str) -> list[dict[str, Any]]:
    with Warehouse(warehouse) as opened:
        rows = opened.table(name).collect().to_dicts()
    return [{key: _json_value(value) for key, value in row.items()} for row in rows]


def _read_parquet(output: Path, name: str) -> list[dict[str, Any]]:
    rows = pl.read_parquet(output / f"{name}.parquet").to_dicts()
    return [{key: _json_value(value) for key, value in row.items()} for row in rows]


def _read_jsonl(output: Path, name: str) -> list[dict[str, Any]]:
    text = (output / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def _read_csv(output: Path, name: str) -> list[dict[str, Any]]:
    with (output / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return [_typed(name, row, csv_cells=True) for row in csv.DictReader(stream)]


def _read_duckdb(output: Path, name: str) -> list[dict[str, Any]]:
    with duckdb.connect(output / "pith.duckdb", read_only=True) as database:
        rows = database.sql(f"from {name}").pl().to_dicts()
    return [{key: _json_value(value) for key, value in row.items()} for row in rows]


def _read_sqlite(output: Path, name: str) -> list[dict[str, Any]]:
    database = sqlite3.connect(f"file:{output / 'pith.sqlite'}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    found = database.execute(f"select * from {name} order by rowid").fetchall()  # noqa: S608 - ours
    database.close()
    return [_typed(name, dict(row), csv_cells=False) for row in found]


def _read_delta(output: Path, name: str) -> list[dict[str, Any]]:
    times = cs.datetime().dt.replace_time_zone(None)
    rows = pl.scan_delta(output / name).with_columns(times).collect().to_dicts()
    return [{key: _json_value(value) for key, value in row.items()} for row in rows]


def _typed(name: str, row: dict[str, Any], *, csv_cells: bool) -> dict[str, Any]:
    """Return a row of untyped values with the types of its columns."""
    readers: dict[str, Callable[[Any], object]] = {
        "BIGINT": int,
        "BOOLEAN": (lambda text: text == "true") if csv_cells else bool,
        "VARCHAR[]": json.loads,
        "TIMESTAMP": str,
        "INTERVAL": float,
        "DOUBLE": float,
    }
    typed = dict(row)
    for column in catalog.relation(name).columns:
        if column.type != "VARCHAR":
            value = row[column.name]
            absent = value == "" if csv_cells else value is None
            typed[column.name] = None if absent else readers[column.type](value)
    return typed


READERS = {
    "parquet": _read_parquet,
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "duckdb": _read_duckdb,
    "sqlite": _read_sqlite,
    "delta": _read_delta,
}


@pytest.mark.parametrize("form", words(ExportFormat))
def test_every_format_holds_every_table_whole(
    samples_warehouse: Path, tmp_path: Path, form: ExportFormat
) -> None:
    """Another reader finds in an export the same rows of every table, in the same order."""
    rows = export(samples_warehouse, [], form, tmp_path / "out")
    assert list(rows) == list(catalog.tables())
    for name, count in rows.items():
        expected = _published(samples_warehouse, name)
        if form == "csv":
            expected = [_without_null_text(name, row) for row in expected]
        assert READERS[form](tmp_path / "out", name) == expected
        assert count == len(expected)


def _without_null_text(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the csv module reads it, with empty text for null text."""
    text = {column.name for column in catalog.relation(name).columns if column.type == "VARCHAR"}
    return {key: "" if value is None and key in text else value for key, value in row.items()}


@pytest.fixture(scope="module")
def hostile_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse of a record with citing titles that a spreadsheet would run."""
    folder = tmp_path_factory.mktemp("hostile")
    record = json.loads((SAMPLES / "000_97f37641e2d9eba2.txt").read_bytes())
    record["inbound_citations"]["sample"] = [
        {
            "citing_arxiv_id": f"1906.{number:05}",
            "citing_title": title,
            "ref_index": -number,
            "is_internal_anchor": False,
        }
        for number, title in enumerate(HOSTILE + HARMLESS)
    ]
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    build_warehouse(folder / "warehouse", folder / "record.json")
    return folder / "warehouse"


def test_no_cell_of_csv_is_a_formula(hostile_warehouse: Path, tmp_path: Path) -> None:
    """Text that a spreadsheet would run follows a quote; other text and numbers stay."""
    export(hostile_warehouse, ["citations"], "csv", tmp_path / "out")
    with (tmp_path / "out" / "citations.csv").open(encoding="utf-8", newline="") as stream:
        cells = {int(row["ref_index"]): row["citing_title"] for row in csv.DictReader(stream)}
    expected = [f"'{text}" for text in HOSTILE] + list(HARMLESS)
    assert cells == {-number: text for number, text in enumerate(expected)}


@pytest.mark.parametrize("form", ["jsonl", "parquet", "duckdb", "sqlite", "delta"])
def test_only_csv_changes_text(hostile_warehouse: Path, tmp_path: Path, form: ExportFormat) -> None:
    """Formats that no spreadsheet opens as text keep text as the documents give it."""
    export(hostile_warehouse, ["citations"], form, tmp_path / "out")
    rows = READERS[form](tmp_path / "out", "citations")
    titles = {-row["ref_index"]: row["citing_title"] for row in rows}
    assert titles == dict(enumerate(HOSTILE + HARMLESS))


def test_meanings_travel_with_the_data(samples_warehouse: Path, tmp_path: Path) -> None:
    """Comments in DuckDB, metadata of Parquet and SQLite's schema say what columns mean."""
    for form in ("duckdb", "parquet", "sqlite"):
        export(samples_warehouse, ["papers"], form, tmp_path / form)
    table = catalog.table("papers")
    meanings = {column.name: column.meaning for column in table.columns}
    with duckdb.connect(tmp_path / "duckdb" / "pith.duckdb", read_only=True) as database:
        columns = "select column_name, comment from duckdb_columns() where not internal"
        assert dict(database.sql(columns).fetchall()) == meanings
        assert database.sql("select comment from duckdb_tables()").fetchall() == [(table.meaning,)]
    metadata = pq.read_metadata(tmp_path / "parquet" / "papers.parquet").metadata
    assert json.loads(metadata[b"pith_etl_columns"]) == meanings
    declared = sqlite3.connect(tmp_path / "sqlite" / "pith.sqlite")
    (schema,) = declared.execute("select sql from sqlite_master where name = 'papers'").fetchone()
    declared.close()
    assert all(f"-- {meaning}" in schema for meaning in meanings.values())


def test_any_reader_of_its_oldest_protocol_reads_delta(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """It has one commit, meanings and plain Parquet, and its paths are relative."""
    export(samples_warehouse, ["papers"], "delta", tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "moved")
    (log,) = (tmp_path / "moved" / "papers" / "_delta_log").glob("*.json")
    actions: dict[str, Any] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        actions |= json.loads(line)
    assert actions["protocol"] == {"minReaderVersion": 1, "minWriterVersion": 2}
    table = catalog.table("papers")
    facts = actions["metaData"]
    assert (facts["name"], facts["description"]) == ("papers", table.meaning)
    fields = json.loads(facts["schemaString"])["fields"]
    assert {field["name"]: field["metadata"]["comment"] for field in fields} == {
        column.name: column.meaning for column in table.columns
    }
    rows = pq.read_table(tmp_path / "moved" / "papers" / actions["add"]["path"]).num_rows
    assert rows == len(_published(samples_warehouse, "papers"))


def test_times_of_delta_are_utc_wherever_it_is_written(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """The zone of the machine shifts no time."""
    options = ("--format", "delta", "--table", "papers", "--output", tmp_path / "out")
    zone = {**os.environ, "TZ": "America/New_York"}
    process = start("export", "--warehouse", samples_warehouse, *options, env=zone)
    assert process.communicate(timeout=60)[1] == ""
    assert _read_delta(tmp_path / "out", "papers") == _published(samples_warehouse, "papers")


def test_without_its_extra_delta_is_refused(
    samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the extra, and nothing is left."""
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(UsageError, match="needs the extra delta"):
        export(samples_warehouse, ["papers"], "delta", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "query",
    [
        "select * from papers where pith_number = ''",
        "select * from aliases where value = ''",
        "select * from citations where citing_pith_number = ''",
        "select * from documents where sha256 = ''",
        "select * from events where pith_number = ''",
    ],
)
def test_sqlite_finds_rows_by_an_index(samples_warehouse: Path, tmp_path: Path, query: str) -> None:
    """The columns by which people look rows up have an index in SQLite."""
    export(samples_warehouse, [], "sqlite", tmp_path / "out")
    database = sqlite3.connect(tmp_path / "out" / "pith.sqlite")
    plan = database.execute(f"explain query plan {query}").fetchall()
    database.close()
    assert "USING INDEX" in plan[0][3]


def test_only_the_named_tables_are_exported(samples_warehouse: Path, tmp_path: Path) -> None:
    """A table that is named twice is exported once, and nothing else is left in the directory."""
    result = _run(samples_warehouse, tmp_path / "out", "--table", "papers", "--table", "papers")
    assert result.exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["papers.parquet"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _run(warehouse: Path, output: Path, *arguments: str) -> Result:
    options = ["--warehouse", str(warehouse), "--output", str(output)]
    return CliRunner().invoke(cli, ["export", *options, *arguments])


@pytest.mark.parametrize("form", words(ExportFormat))
def test_a_view_is_exported_as_its_rows(
    samples_warehouse: Path, tmp_path: Path, form: ExportFormat
) -> None:
    """A view that is named becomes a table of its rows in every format, in the order of its key."""
    rows = export(samples_warehouse, [*catalog.views()], form, tmp_path / "out")
    assert list(rows) == list(catalog.views())
    assert {row["since_previous"] for row in READERS[form](tmp_path / "out", "timeline")} == {
        None,
        0.0,
    }
    with Warehouse(samples_warehouse) as opened:
        expected = opened.sql(
            "select pith_number, trust from trust order by pith_number"
        ).fetchall()
    found = READERS[form](tmp_path / "out", "trust")
    assert [(row["pith_number"], row["trust"]) for row in found] == expected


def test_a_duckdb_file_of_all_tables_has_the_views_and_the_macro(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """Views and `resolve` stand in the file, with comments, and answer as the warehouse does."""
    export(samples_warehouse, [], "duckdb", tmp_path / "out")
    queries = [
        *(f"from {name} order by all" for name in catalog.views()),
        "from resolve('1512.01274')",
    ]
    with (
        Warehouse(samples_warehouse) as opened,
        duckdb.connect(tmp_path / "out" / "pith.duckdb", read_only=True) as database,
    ):
        for query in queries:
            assert database.sql(query).fetchall() == opened.sql(query).fetchall()
        query = "select view_name, comment from duckdb_views() where not internal"
        commented = dict(database.sql(query).fetchall())
    assert commented == {view.name: view.meaning for view in catalog.views().values()}


def test_a_duckdb_file_of_some_tables_has_no_view_that_misses_one(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """If tables are named, the file holds only these, and no view that reads others."""
    export(samples_warehouse, ["papers"], "duckdb", tmp_path / "out")
    with duckdb.connect(tmp_path / "out" / "pith.duckdb", read_only=True) as database:
        assert database.sql("select table_name from duckdb_tables()").fetchall() == [("papers",)]
        query = "select count(*) from duckdb_views() where not internal"
        assert database.sql(query).fetchall() == [(0,)]


def test_an_unknown_table_is_wrong_usage(samples_warehouse: Path, tmp_path: Path) -> None:
    """An unknown table exits with 2, names those there are, and makes nothing."""
    error = _run(samples_warehouse, tmp_path / "out", "--table", "paper").exception
    assert isinstance(error, PithEtlError)
    assert error.exit_code == 2
    assert "papers" in str(error)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_never_overwritten(samples_warehouse: Path, tmp_path: Path) -> None:
    """A directory that holds something, or a file, is refused and stays as it is."""
    (tmp_path / "full").mkdir()
    for path in (tmp_path / "full" / "mine", tmp_path / "file"):
        path.write_text("mine", encoding="utf-8")
    for output in ("full", "file"):
        with pytest.raises(UsageError, match="--output"):
            export(samples_warehouse, ["papers"], "csv", tmp_path / output)
    assert (tmp_path / "full" / "mine").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


@pytest.mark.parametrize("form", ["csv", "delta"])
def test_an_empty_directory_is_filled(
    samples_warehouse: Path, tmp_path: Path, form: ExportFormat
) -> None:
    """A directory that exists and is empty may be the output, whatever its name."""
    (tmp_path / "a {brace} 'quote' #?é").mkdir()
    export(samples_warehouse, ["runs"], form, tmp_path / "a {brace} 'quote' #?é")
    (filled,) = tmp_path.iterdir()
    (file,) = filled.iterdir()
    assert file.name == ("runs.csv" if form == "csv" else "runs")
    assert form == "csv" or {path.name for path in file.iterdir()} == {"_delta_log", "runs.parquet"}


def test_a_failed_export_leaves_nothing(samples_warehouse: Path, tmp_path: Path) -> None:
    """An export that cannot be written, or has no snapshot to read, is an error that says so."""
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseError, match=r"cannot write .*: Not a directory"):
        export(samples_warehouse, [], "sqlite", tmp_path / "file" / "out")
    with pytest.raises(WarehouseError, match="run `pith-etl build"):
        export(tmp_path / "nowhere", [], "sqlite", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_command_offers_every_format() -> None:
    """`--format` offers exactly the formats of `ExportFormat`."""
    (option,) = [found for found in cli.commands["export"].params if found.name == "form"]
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == words(ExportFormat)
