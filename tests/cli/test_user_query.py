"""A query that somebody asks: how it is run, and what an error says of it."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from pipeline import Warehouse
from pipeline.cli.text_table import cells
from pipeline.cli.user_query import read_only
from tests.console import Console


@pytest.mark.parametrize(
    ("query", "run"),
    [
        ("select 1", "from (select 1\n)"),
        ("select 1;", "from (select 1\n)"),
        ("select 'é' as é; -- é\n/* ; */ ;\n", "from (select 'é' as é\n)"),
        ("select ';' -- ;", "from (select ';'\n)"),
        ("explain analyze select 1;", "explain analyze from (select 1\n)"),
        ("EXPLAIN (format json) (select 1)", "EXPLAIN (format json) from ((select 1)\n)"),
        ("explain(select 1)", "explain from ((select 1)\n)"),
    ],
)
def test_a_query_is_run_as_a_subquery(samples_warehouse: Path, query: str, run: str) -> None:
    """The text runs as a subquery, where DuckDB allows only queries, or as EXPLAIN of one."""
    with Warehouse(samples_warehouse) as warehouse:
        assert read_only(warehouse.connection, query).text == run
        warehouse.connection.execute(run)


def test_a_subquery_writes_nothing(samples_warehouse: Path, tmp_path: Path) -> None:
    """DuckDB itself refuses what writes in the place where a query is run."""
    with Warehouse(samples_warehouse) as warehouse:
        for writing in (
            f"copy papers to '{tmp_path}/x.csv'",
            f"with x as (copy papers to '{tmp_path}/x.csv') from x",
            "create table x as select 1",
        ):
            for query in (f"from ({writing}\n)", f"explain analyze from ({writing}\n)"):
                with pytest.raises(duckdb.Error):
                    warehouse.connection.execute(query)
    assert list(tmp_path.iterdir()) == []


def test_values_are_bound_before_a_query_is_judged(samples_warehouse: Path) -> None:
    """A query with values is planned with them, and one without its values is an error."""
    query = "select title from papers where source_id = $id"
    with Warehouse(samples_warehouse) as warehouse:
        values = {"id": "1512.01274"}
        run = read_only(warehouse.connection, query, values).text
        assert len(warehouse.connection.execute(run, values).fetchall()) == 1
        with pytest.raises(duckdb.Error):
            read_only(warehouse.connection, query)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("selec 1", "LINE 1: <selec> 1"),
        ("select 1; selec 2", "LINE 1: select 1; <selec> 2"),
        ("select foo", "LINE 1: select <foo>"),
        ("select *\nfrom papers\nwhere foo = 1", "LINE 3: where <foo> = 1"),
        ("\n-- foo\n\nselect foo", "LINE 4: select <foo>"),
        ("; /* é */ select foo -- é", "LINE 1: ; /* é */ select <foo> -- é"),
        ("from nowhere", "LINE 1: from <nowhere>"),
        ("select nofunc(1)", "LINE 1: select <nofunc(1)>"),
        ("select 'é数', foo", "LINE 1: select 'é数', <foo>"),
        ("select 1\t+ foo", "LINE 1: select 1\t+ <foo>"),
        ("explain select foo", "LINE 1: explain select <foo>"),
        ("explain\nanalyze selec 1", "LINE 2: analyze <selec> 1"),
        (" explain (format json)  (select foo)", "LINE 1:  explain (format json)  (select <foo>)"),
        ("select 'x'::int", "LINE 1: select 'x'<::int>"),
        ("select title::int from papers", "LINE 1: select title<::int> from papers"),
        ("select now(), title::int from papers", "LINE 1: select now(), title<::int> from papers"),
        (
            f"select {'1, ' * 99}foo{', 1' * 99}",
            f"LINE 1: ...{'1, ' * 20}<foo>{', 1' * 19}...",
        ),
    ],
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_error_shows_what_was_typed_and_marks_the_place(
    console: Console, samples_warehouse: Path, query: str, shown: str, form: str
) -> None:
    """Whatever finds the error, its last lines are the query's own line and marks below it."""
    options = ("--warehouse", samples_warehouse, "--format", form, "--output", "/dev/null")
    found = console("sql", query, *options)
    assert found.code == 2
    *_, line, marks = found.errors.splitlines()
    before, marked, after = re.split("[<>]", shown)
    assert line == before + marked + after
    assert marks.count("^") == cells(marked)
    assert cells(marks.rstrip("^").expandtabs()) == cells(before.expandtabs())


def test_an_error_without_a_place_is_its_message(console: Console, samples_warehouse: Path) -> None:
    """For an error without a place, only DuckDB's message is shown."""
    found = console("sql", "select $a", "--warehouse", samples_warehouse)
    assert found.errors == (
        "pith-etl: Invalid Input Error: Values were not provided for the following parameters: a\n"
    )
