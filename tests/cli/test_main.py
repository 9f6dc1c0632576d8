"""The command line as a user sees it: output, messages, exit codes, and queries it refuses."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import Warehouse, catalog
from pipeline.cli.main import cli
from pipeline.warehouse import snapshot
from tests.building import build_warehouse
from tests.console import Console
from tests.paths import SAMPLES

EXAMPLE = (
    "select pith_number, title, receipt_status, title_status from papers order by submitted_at"
)


def _sql(console: Console, warehouse: Path, query: str, *options: object) -> str:
    """Return what a query that must succeed prints."""
    found = console("sql", query, "--warehouse", warehouse, *options)
    assert (found.code, found.errors) == (0, "")
    return found.output


# -- sql: formats -----------------------------------------------------------------------------


def test_the_issue_s_own_query(console: Console, samples_warehouse: Path) -> None:
    """The query that a new user tries prints five verified papers, the oldest first."""
    printed = _sql(console, samples_warehouse, EXAMPLE).splitlines()
    assert [cell.strip() for cell in printed[0].split("|")[1:-1]] == [
        "pith_number",
        "title",
        "receipt_status",
        "title_status",
    ]
    assert [line.split()[1][5:9] for line in printed[2:7]] == [
        "2014",
        "2015",
        "2015",
        "2016",
        "2017",
    ]
    assert all(line.endswith("| valid          | verified     |") for line in printed[2:7])
    assert printed[7:] == ["5 rows"]


def test_json_is_an_array_of_objects(console: Console, samples_warehouse: Path) -> None:
    """`--format json` is one array of objects, `jsonl` the same objects a line each."""
    array = json.loads(_sql(console, samples_warehouse, EXAMPLE, "--format", "json"))
    lines = _sql(console, samples_warehouse, EXAMPLE, "--format", "jsonl").splitlines()
    assert array == [json.loads(line) for line in lines]
    assert [row["pith_number"][:9] for row in array] == [
        f"pith:{year}" for year in (2014, 2015, 2015, 2016, 2017)
    ]


def test_csv_is_read_back(console: Console, samples_warehouse: Path) -> None:
    """`--format csv` gives the values, whatever commas, quotes and line ends they hold."""
    query = """select 'a,b"c' || chr(10) || 'd' as "x,y", null as n, 1.50::decimal(9,2) as d"""
    printed = _sql(console, samples_warehouse, query, "--format", "csv")
    assert list(csv.reader(io.StringIO(printed))) == [["x,y", "n", "d"], ['a,b"c\nd', "", "1.50"]]


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl", "parquet"])
def test_output_goes_to_a_file(
    console: Console, samples_warehouse: Path, tmp_path: Path, form: str
) -> None:
    """`--output` writes in each format what would have been printed, and prints nothing."""
    file = tmp_path / "out"
    printed = console("sql", EXAMPLE, "--warehouse", samples_warehouse, "--format", form)
    options = ("--format", form, "--output", file)
    assert _sql(console, samples_warehouse, EXAMPLE, *options) == ""
    assert file.read_bytes() == printed.raw
    assert list(tmp_path.iterdir()) == [file]


def test_a_suffix_tells_the_format(
    console: Console, samples_warehouse: Path, tmp_path: Path
) -> None:
    """A file gets the format of its suffix; with an unknown suffix no file is written."""
    query = ("sql", "select 1 as a", "-w", samples_warehouse, "--output")
    assert console(*query, tmp_path / "a.csv").code == 0
    assert (tmp_path / "a.csv").read_text() == "a\n1\n"
    refused = console(*query, tmp_path / "a.xyz")
    assert refused.code == 2
    assert "give --format, or end it in .csv" in refused.errors
    assert not (tmp_path / "a.xyz").exists()
    assert console(*query, tmp_path / "a.xyz", "--format", "json").code == 0


def test_the_environment_names_the_warehouse(
    console: Console, samples_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sql`, `tables`, `show` and `history` find the tables by `PITH_ETL_WAREHOUSE`."""
    monkeypatch.setenv("PITH_ETL_WAREHOUSE", str(samples_warehouse))
    for command in (("sql", "select 1"), ("tables",), ("show", "1512.01274"), ("history",)):
        assert console(*command).code == 0


def test_parquet_is_read_back(console: Console, samples_warehouse: Path, tmp_path: Path) -> None:
    """`--format parquet` keeps the columns by name, and all rows."""
    file = tmp_path / "papers.parquet"
    _sql(console, samples_warehouse, "from papers", "--format", "parquet", "--output", file)
    found = pq.read_table(file)
    assert found.column_names == [column.name for column in catalog.table("papers").columns]
    assert found.num_rows == 5


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "table", "parquet"])
def test_every_view_can_be_written(
    console: Console, samples_warehouse: Path, tmp_path: Path, form: str
) -> None:
    """Each view can be written in each format; in JSON lines, each row is a line."""
    with Warehouse(samples_warehouse) as opened:
        for view in catalog.views():
            options = ("--format", form, "--output", tmp_path / view)
            _sql(console, samples_warehouse, f"from {view}", *options)
            if form == "jsonl":
                count = opened.sql(f"from {view}").fetchall()
                assert len((tmp_path / view).read_text("utf-8").splitlines()) == len(count)


def test_an_interval_in_parquet_is_seconds(
    console: Console, samples_warehouse: Path, tmp_path: Path
) -> None:
    """`--format parquet` gives an interval in seconds, as the other formats do, null as null."""
    query = """select 'x' as a, unnest([interval 90 minutes, null]) as "b""c" """
    file = tmp_path / "x.parquet"
    _sql(console, samples_warehouse, query, "--format", "parquet", "--output", file)
    expected = [{"a": "x", 'b"c': 5400.0}, {"a": "x", 'b"c': None}]
    assert pq.read_table(file).to_pylist() == expected
    assert json.loads(_sql(console, samples_warehouse, query, "--format", "json")) == expected


@pytest.mark.parametrize(
    "case",
    [
        ("parquet", "select [interval 1 day]", "Parquet cannot hold this result; cast to a text"),
        ("parquet", "select union_value(a := 1)", "Parquet cannot hold this result"),
        *(
            (form, query, "an interval is longer than 999999999 days; cast it to a text")
            for form in ("table", "csv", "json", "jsonl")
            for query in ("select interval 100000000 years", "select [interval 100000000 years]")
        ),
    ],
)
def test_what_a_format_cannot_hold(
    console: Console, samples_warehouse: Path, tmp_path: Path, case: tuple[str, str, str]
) -> None:
    """A value that a format cannot hold is wrong usage, with what to do, and leaves no file."""
    form, query, message = case
    options = ("--warehouse", samples_warehouse, "--format", form, "--output", tmp_path / "x")
    found = console("sql", query, *options)
    assert (found.code, found.output) == (2, "")
    assert found.errors.startswith(f"pith-etl: {message}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("table", "| a | b |\n|---|---|\n0 rows\n"),
        ("csv", "a,b\n"),
        ("json", "[]\n"),
        ("jsonl", ""),
    ],
)
def test_an_empty_result(
    console: Console, samples_warehouse: Path, form: str, expected: str
) -> None:
    """A query without rows prints its columns if the format names them, and no blank lines."""
    printed = _sql(
        console, samples_warehouse, "select 1 as a, 2 as b where false", "--format", form
    )
    assert printed == expected


def test_a_query_from_standard_input(console: Console, samples_warehouse: Path) -> None:
    """`-` reads the query from standard input, comments, semicolon, UTF-8 and all."""
    query = "-- a question\nselect 'é' as x;\n".encode()
    found = console("sql", "-", "--warehouse", samples_warehouse, "--format", "json", stdin=query)
    assert (found.code, json.loads(found.raw)) == (0, [{"x": "é"}])


def test_explain_show_and_describe(
    console: Console, samples_warehouse: Path, tmp_path: Path
) -> None:
    """DESCRIBE, EXPLAIN and the like are queries; they can be printed or written to a file."""
    for query in (
        "explain select 1",
        "explain analyze select 1",
        "explain (select 1)",
        "explain (analyze, format json) select 1",
        "explain analyze (format json) from papers",
        "show tables",
        "describe papers",
        "summarize papers",
    ):
        assert _sql(console, samples_warehouse, query)
        assert _sql(console, samples_warehouse, query, "--output", tmp_path / "out") == ""
        assert (tmp_path / "out").stat().st_size


# -- sql: refusals ----------------------------------------------------------------------------


def _refused(console: Console, warehouse: Path, query: str) -> str:
    """Return the message of a query that must fail as wrong usage."""
    found = console("sql", query, "--warehouse", warehouse)
    assert (found.code, found.output) == (2, "")
    assert "Traceback" not in found.errors
    return found.errors


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("selec 1", 'Parser Error: syntax error at or near "selec"'),
        ("select nope from papers", 'Binder Error: Referenced column "nope" not found'),
        ("from nowhere", "Catalog Error: Table with name nowhere does not exist!"),
        ("select 'x'::int", "Conversion Error: Could not convert string 'x' to INT32"),
        ("", "one query is expected, not 0 statements"),
        ("select 1; select 2", "one query is expected, not 2 statements"),
        ("pivot papers on proof using count(*)", "PIVOT must name its values"),
    ],
)
def test_a_wrong_query_gets_duckdb_s_message(
    console: Console, samples_warehouse: Path, query: str, message: str
) -> None:
    """A query that cannot run exits with 2 and says why, mostly in DuckDB's words."""
    assert message in _refused(console, samples_warehouse, query)


def test_a_query_that_is_no_utf8(console: Console, samples_warehouse: Path) -> None:
    """A query of bytes that are no UTF-8 is wrong usage, not a crash."""
    found = console("sql", "-", "--warehouse", samples_warehouse, stdin=b"select '\xff'")
    assert (found.code, found.errors) == (2, "pith-etl: the query is not UTF-8\n")


def test_an_error_message_obeys_no_document(console: Console, samples_warehouse: Path) -> None:
    """Control characters in a value that an error quotes do not reach the terminal."""
    errors = _refused(console, samples_warehouse, "select (chr(27) || '[31mx')::int")
    assert "\x1b" not in errors
    assert r"\x1b[31mx" in errors


def _hostile(folder: Path, outside: Path) -> list[str]:
    """Return queries that try to read or write something else than the tables."""
    # a published file, written in place: a temporary file beside it would be denied anyway
    target = f"'{folder}/papers/0000-2.parquet' (format parquet, use_tmp_file false)"
    forging = f"copy (from papers limit 1) to {target}"
    return [
        *_reading(folder, outside),
        *_explaining(folder, forging),
        *_hiding(folder, forging),
        *_commanding(folder, outside, forging),
    ]


def _reading(folder: Path, outside: Path) -> list[str]:
    """Return queries that read other files than those of the tables."""
    return [
        "from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "from read_blob('/proc/self/environ')",
        "from '/etc/passwd'",
        "from glob('/etc/*')",
        "from glob('*')",
        "from read_text('.tmp/x')",
        f"from glob('{folder}/papers/*')",
        "select getenv('HOME')",
        f"from read_text('{folder}/../../lock')",
        f"from read_text('{folder}/../../staging/../lock')",
        f"from read_parquet('{outside}/*.parquet')",
        f"from parquet_metadata('{outside}/x.parquet')",
        f"from sniff_csv('{outside}/x.csv')",
    ]


def _explaining(folder: Path, forging: str) -> list[str]:
    """Return statements behind EXPLAIN; EXPLAIN ANALYZE runs the statement that it explains."""
    return [
        f"explain analyze copy (select 1) to '{folder}/x.csv'",
        f"explain (analyze, format json) copy (select 1) to '{folder}/x.csv'",
        f"explain -- x\n analyze copy (select 1) to '{folder}/x.csv'",
        f"explain /* x */ analyze copy (select 1) to '{folder}/x.csv'",
        f"explain analyze /* x */ copy (select 1) to '{folder}/x.csv'",
        f"explain (analyze /*) select 1 --*/) {forging}",
        f"explain (format json /*) select 1 --*/, analyze) {forging}",
        f"explain analyze (format json /*) select 1 --*/) {forging}",
        f"explain (analyze --) select 1\n) {forging}",
        f"explain (analyze /*/**/) select 1 --*/*/) {forging}",
        f"explain (format ')', analyze) {forging}",
        f"explain (analyze, format $$) select 1 --$$) {forging}",
        f'explain (analyze, "x) select 1 --" 1) {forging}',
        f"explain\N{NO-BREAK SPACE}(analyze) {forging}",
        f"explain\N{NO-BREAK SPACE}analyze {forging}",
        f"explain (analyze) (format json) {forging}",
        f"explain (analyze) (with x as ({forging}) from x)",
        f"explain (analyze) select 1; {forging}",
        f"explain (select 1); {forging}",
        f"explain analyze prepare x as {forging}",
        "explain analyze execute x",
        "explain analyze create table x as select 1",
        "explain analyze set memory_limit = '1GB'",
    ]


def _hiding(folder: Path, forging: str) -> list[str]:
    """Return writes that stand within a query, or look like one."""
    copying = f"with x as (copy papers to ''{folder}/x.csv'') from x"
    serialised = f"json_execute_serialized_sql(json_serialize_sql('{copying}'))"
    # it calls the function that it is given by name
    destroying = (
        "destroy_external_resource('json_execute_serialized_sql', "
        f"json_serialize_sql($$ with x as ({forging}) from x $$)::varchar)"
    )
    return [
        f"select 1) ; {forging} --",
        f"from papers); {forging}; from (from papers",
        f"/* */ {forging} -- select",
        f"select 1 $$;$$; {forging}",
        f"with x as ({forging}) from x",
        f"with recursive x as ({forging}) from x",
        f"(with x as ({forging}) from x)",
        f"from (with x as ({forging}) from x)",
        f"with y as (with x as ({forging}) from x) from y",
        f"describe {forging}",
        f"summarize {forging}",
        f"pivot (with x as ({forging}) from x) on count in (1) using count(*)",
        f"from query($$ {forging} $$)",
        f"from query_table($$ ({forging}) $$)",
        f"from json_execute_serialized_sql(json_serialize_sql($$ with x as ({forging}) from x $$))",
        f"with x as (copy papers to '{folder}/x.csv') from x",
        f"with x as (select 1), y as (copy x to '{folder}/x.csv') select 1 -- x",
        f"explain analyze with x as (copy papers to '{folder}/x.csv') from x",
        f"from query('{copying}')",
        f"from {serialised}",
        f"summarize from {serialised}",
        f"explain analyze from {serialised}",
        f"from papers where 5 in (from {serialised})",
        "with x as (delete from papers returning *) from x",
        f"from {destroying}",
        f"from papers, lateral (from {destroying})",
        "from (values ('x')) as t(x), destroy_external_resource('query', t.x)",
        "from create_external_resource('x', 'y', 'z')",
        "from register_external_resource_type('x', create_function := 'query')",
    ]


def _commanding(folder: Path, outside: Path, forging: str) -> list[str]:
    """Return statements that are not queries, and queries that read something else than tables."""
    return [
        "copy papers to '.tmp/x'",
        f"copy (select 1) to '{outside}/x.csv'",
        f"copy papers to '{folder}/papers/part-9.parquet'",
        "pragma json_execute_serialized_sql('{}')",
        f"create macro x() as table {forging}",
        "copy from database pith to memory",
        f"copy papers from '{folder}/papers/0000-2.parquet'",
        f"copy (pivot papers on proof using count(*)) to '{folder}/x.csv'",
        f"attach '{outside}/x.duckdb'",
        f"attach '{folder}/pith.duckdb' as x",
        f"export database '{outside}/x'",
        f"import database '{outside}/x'",
        "install httpfs",
        "load httpfs",
        "create table x as select 1",
        "create or replace view papers as select 1",
        "drop view papers",
        "delete from papers",
        "insert into papers default values",
        "set memory_limit = '1GB'",
        "set enable_external_access = true",
        "reset lock_configuration",
        "pragma version",
        "pragma enable_profiling",
        "call enable_logging()",
        f"from enable_logging(storage = 'file', storage_path = '{folder}/log')",
        f"from enable_profiling(save_location = '{folder}/x.json')",
        "prepare x as select 1",
        "begin transaction",
        "vacuum",
        "checkpoint",
        "use memory",
        "select 1; copy (select 1) to '/tmp/x'",
        "from query",
        "from captured",
    ]


#: A query or two for every kind of operator that reads.
_HARMLESS = (
    "from papers inner join events using (pith_number)",
    "from papers as a, papers as b where a.source_id < b.source_id and a.title > b.title",
    "from papers as a, papers as b where a.title like b.title || '%' or a.title < b.title",
    "from papers asof join events on papers.submitted_at <= events.created_at",
    "select pith_number from papers positional join (from range(3))",
    "select (select count(*) from events as e where e.event_id < p.pith_number) from papers as p",
    "from papers as p where exists (from events as e where e.pith_number = p.pith_number)",
    "select count(*), count(distinct license) from papers group by cube (primary_cat, license)",
    "select distinct on (primary_cat) title, rank() over (order by submitted_at) from papers",
    "select title, sum(claims_count) over () from papers qualify row_number() over () < 3",
    "select unnest(cross_cats) as cat from papers order by cat limit 2",
    "from papers limit 20%",
    "from papers using sample 2",
    "from papers tablesample bernoulli(50%)",
    "with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) from t",
    "with t as materialized (from papers) from t as a inner join t as b using (pith_number)",
    "select pith_number from papers except select pith_number from events",
    "pivot papers on proof in ('signed', 'receipt') using count(*) group by primary_cat",
    "unpivot (select title, license from papers) on title, license into name k value v",
    "from papers, lateral (from generate_series(1, source_version))",
    "select e.value from events, json_each(payload) as e limit 3",
    "summarize papers",
    "from (describe papers)",
    "from (show tables)",
    "show papers",
    "from information_schema.columns",
    "from resolve('1512.01274')",
    "explain analyze from papers",
)


@pytest.mark.parametrize("query", _HARMLESS)
def test_a_query_may_do_whatever_reads(
    console: Console, samples_warehouse: Path, query: str
) -> None:
    """Every kind of query that reads only the tables is accepted."""
    found = console("sql", query, "--warehouse", samples_warehouse)
    assert (found.code, found.errors) == (0, "")


@pytest.mark.parametrize("number", range(len(_hostile(Path(), Path()))))
def test_a_query_reaches_nothing_but_the_tables(
    console: Console, samples_warehouse: Path, tmp_path: Path, number: int
) -> None:
    """No statement reads outside of the snapshot, or writes anywhere, not even into it."""
    folder = (samples_warehouse / "current").resolve()
    before = sorted(folder.rglob("*"))
    _refused(console, samples_warehouse, _hostile(folder, tmp_path)[number])
    assert sorted(folder.rglob("*")) == before
    assert snapshot.damaged(folder) == []
    assert list(tmp_path.iterdir()) == []


def test_a_failing_query_leaves_the_old_output(
    console: Console, samples_warehouse: Path, tmp_path: Path
) -> None:
    """A query that fails half-way leaves the file of an earlier one, and no new file."""
    file = tmp_path / "out.csv"
    file.write_text("before")
    query = "select case when i > 90000 then error('enough') else i end from range(100000) t(i)"
    options = ("--format", "csv", "--output", file)
    found = console("sql", query, "--warehouse", samples_warehouse, *options)
    assert (found.code, found.errors.strip()) == (2, "pith-etl: Invalid Input Error: enough")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_output_to_a_device_or_nowhere(
    console: Console, samples_warehouse: Path, tmp_path: Path
) -> None:
    """A device is written in place, and an impossible file is wrong usage."""
    assert _sql(console, samples_warehouse, "select 1", "--output", "/dev/null") == ""
    assert Path("/dev/null").is_char_device()
    missing = tmp_path / "nowhere" / "out"
    found = console("sql", "select 1", "--warehouse", samples_warehouse, "--output", missing)
    assert found.code == 2
    assert found.errors == f"pith-etl: cannot write {missing}: No such file or directory\n"


# -- the other commands -----------------------------------------------------------------------


@pytest.mark.parametrize("command", [("sql", "select 1"), ("tables",), ("tables", "papers")])
@pytest.mark.parametrize("state", ["missing", "empty", "unpublished"])
def test_a_warehouse_without_a_snapshot(
    console: Console, tmp_path: Path, state: str, command: tuple[str, ...]
) -> None:
    """Without a published snapshot a command exits with 1 and says what to run."""
    warehouse = tmp_path / "warehouse"
    if state != "missing":
        warehouse.mkdir()
    if state == "unpublished":
        (warehouse / "current").symlink_to("snapshots/gone")
    found = console(*command, "--warehouse", warehouse)
    assert (found.code, found.output) == (1, "")
    assert f"run `pith-etl build SOURCE --warehouse {warehouse}`" in found.errors


def test_tables_lists_all_with_rows_and_meaning(console: Console, samples_warehouse: Path) -> None:
    """`tables` shows each table with its rows and its meaning, then the views and macros."""
    printed = console("tables", "--warehouse", samples_warehouse).output
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines()[2:]]
    found = {row[0]: row[1:] for row in cells if row}
    assert found["citations"][0] == "12"
    tables = {table.name: table.meaning for table in catalog.relations().values()}
    macros = {macro.name: macro.meaning for macro in catalog.macros()}
    assert {name: row[-1] for name, row in found.items()} == tables | macros
    assert [found[name][0] for name in ("trust", "resolve")] == ["view", "macro"]


@pytest.mark.parametrize("table", [*catalog.tables(), *catalog.views()])
def test_tables_shows_each_column(console: Console, samples_warehouse: Path, table: str) -> None:
    """`tables TABLE` shows each column with its type and meaning, none cut or marked up."""
    printed = console("tables", table, "--warehouse", samples_warehouse)
    assert printed.code == 0
    for column in (catalog.tables() | catalog.views())[table].columns:
        (line,) = [x for x in printed.output.splitlines() if x.startswith(f"| {column.name} ")]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        assert {column.type, column.meaning} <= set(cells)


def test_tables_tells_how_a_macro_is_called(console: Console, samples_warehouse: Path) -> None:
    """`tables resolve` shows its call, its parameter and its column with their meanings."""
    printed = console("tables", "resolve", "--warehouse", samples_warehouse).output
    (macro,) = catalog.macros()
    assert "`from resolve(identifier)`" in printed
    for meaning in (macro.parameters[0].meaning, macro.columns[0][1]):
        assert meaning in printed


def test_an_unknown_table(console: Console, samples_warehouse: Path) -> None:
    """An unknown table is wrong usage, and the message lists the tables that there are."""
    found = console("tables", "paper", "--warehouse", samples_warehouse)
    assert (found.code, found.output) == (2, "")
    assert "there is no table or view 'paper'; there are aliases, attestations" in found.errors


def test_build_as_json(console: Console, tmp_path: Path) -> None:
    """`build --json` prints one JSON object and nothing else; progress goes to standard error."""
    found = console("build", SAMPLES, "--warehouse", tmp_path / "w", "--json", "--workers", 1)
    summary = json.loads(found.output)
    assert found.code == 0
    assert isinstance(summary, dict)
    assert found.output.count("\n") == 1
    assert summary["documents"] == {"bundle": 2, "record": 2, "state": 1}
    assert summary["rows"]["citations"] == 12
    assert "stage" in found.errors


def test_build_for_a_person(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`build` ends with a command that works; `--progress none` prints no progress."""
    monkeypatch.chdir(tmp_path)
    found = console("build", SAMPLES, "--progress", "none", "--workers", 1)
    assert (found.code, found.errors) == (0, "")
    (line,) = [line for line in found.output.splitlines() if line.startswith("try: ")]
    assert line.startswith('try: pith-etl sql "')
    query = line.removeprefix('try: pith-etl sql "').removesuffix('"')
    again = console("sql", query, "--format", "csv")
    assert (again.code, len(again.output.splitlines())) == (0, 6)


def test_json_of_a_build_obeys_no_name(console: Console, tmp_path: Path) -> None:
    """Control characters in a name reach no terminal, neither in a summary nor in a log."""
    evil = "\x9b31m\u202e"
    (tmp_path / evil).mkdir()
    warehouse = tmp_path / evil / "w"
    built = console("build", SAMPLES, "--warehouse", warehouse, "--json", "--workers", 1)
    assert json.loads(built.output)["warehouse"] == str(warehouse)
    missing = tmp_path / evil / "missing"
    failed = console("build", missing, "--warehouse", warehouse, "--log-format", "json")
    assert "cannot read the source" in json.loads(failed.errors)["message"]
    assert not {"\x9b", "\u202e"} & {*built.output, *failed.errors}


def test_a_missing_source(console: Console, tmp_path: Path) -> None:
    """A source that does not exist exits with 1, names it, and leaves no warehouse behind."""
    found = console("build", tmp_path / "nowhere", "--warehouse", tmp_path / "w")
    assert (found.code, found.output) == (1, "")
    assert f"cannot read the source {tmp_path}/nowhere: No such file" in found.errors
    assert not (tmp_path / "w").exists()


def test_build_needs_a_source(console: Console) -> None:
    """`build` without a source is wrong usage."""
    assert console("build").code == 2


@pytest.mark.parametrize("command", [(), *((name,) for name in cli.commands)])
def test_help(console: Console, command: tuple[str, ...]) -> None:
    """Every command explains itself on standard output, each of its options included."""
    found = console(*command, "--help")
    assert (found.code, found.errors) == (0, "")
    assert found.output.startswith(f"Usage: pith-etl {' '.join(command)}".rstrip())
    if command:
        named = [p for p in cli.commands[command[0]].params if p.param_type_name == "option"]
        assert all(option.opts[0] in found.output for option in named)


def test_the_command_is_installed() -> None:
    """The command `pith-etl` stands beside the interpreter, as the project declares it."""
    found = shutil.which("pith-etl", path=str(Path(sys.executable).parent))
    assert found is not None


@pytest.fixture(scope="module")
def umlauts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a document whose name and title are not ASCII, and its warehouse."""
    folder = tmp_path_factory.mktemp("umlauts")
    record = next(SAMPLES.glob("000_*")).read_bytes()
    titled = record.replace(b'"title":"MXNet:', '"title":"Gödel:'.encode(), 1)
    (folder / "mirror").mkdir()
    (folder / "mirror" / "größe.json").write_bytes(titled)
    build_warehouse(folder / "warehouse", folder / "mirror")
    return folder


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("sql", "select title from papers"), "Gödel"),
        (("sql", "select 'ö', nowhere"), "'ö', nowhere"),
        (("show", "1512.01274"), "Gödel"),
        (("search", "gödel"), "Gödel"),
        (("diff", "current", "current", "--table", "papers"), "pith_number"),
        (("check", "--rows", "title_digest_mismatch"), "größe.json"),
        (("verify", "mirror"), "größe.json"),
        (("export", "--table", "papers", "--output", "größe"), "to größe"),
        (("rollback", "größe"), "größe"),
    ],
    ids=repr,
)
def test_what_is_written_is_utf8_whatever_the_terminal_s_encoding(
    umlauts: Path, tmp_path: Path, command: tuple[str, ...], text: str
) -> None:
    """No title or name makes a command fail with a traceback, even in the locale of cron."""
    program = [sys.executable, "-c", "from pipeline.cli.main import main; main()"]
    place = () if command[0] == "verify" else ("--warehouse", umlauts / "warehouse")
    (tmp_path / "mirror").symlink_to(umlauts / "mirror")
    finished = subprocess.run(  # noqa: S603 - our own program
        [*program, *command, *place],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    written = (finished.stdout + finished.stderr).decode()
    assert "Traceback" not in written
    assert text in written


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "table"])
def test_no_format_steers_a_terminal_and_csv_keeps_every_byte_elsewhere(
    samples_warehouse: Path, form: str
) -> None:
    """Control characters in a cell or a name are made visible on a terminal."""
    query = "select chr(27) || '[2J' as \"\x1b[0m\""
    program = "from pipeline.cli.main import main; main()"
    command = [sys.executable, "-c", program, "sql", query, "--format", form]
    command += ["--warehouse", str(samples_warehouse)]
    terminal, other = pty.openpty()
    with subprocess.Popen(command, stdout=other) as process:  # noqa: S603 - our own program
        os.close(other)
        written = b""
        # a terminal whose other side is closed is an error
        with contextlib.suppress(OSError):
            while block := os.read(terminal, 4096):
                written += block
        os.close(terminal)
    assert process.returncode == 0
    assert b"[2J" in written
    assert b"\x1b[2J" not in written
    piped = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - as above
    assert (b"\x1b[2J" in piped) == (form == "csv")
