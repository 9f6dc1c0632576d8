"""How query results are written: no value is lost, and none steers a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import duckdb
import pytest

from pipeline.cli.render import TABLE_ROWS, write_result
from pipeline.duck import Connection
from pipeline.engine import literal
from pipeline.formats import ResultFormat
from pipeline.text import safe


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Return an empty DuckDB database whose time zone is UTC."""
    with duckdb.connect() as opened:
        opened.execute("set TimeZone = 'UTC'")
        yield opened


def _written(connection: Connection, query: str, form: ResultFormat, **values: object) -> str:
    output = io.BytesIO()
    write_result(connection, query, form, output, values or None)
    return output.getvalue().decode()


def _one(connection: Connection, expression: str, form: ResultFormat) -> object:
    """Return the one value of an expression, as a format's reader reads it."""
    written = _written(connection, f"select {expression} as x", form)
    if form == "json":
        return json.loads(written)[0]["x"]
    return list(csv.reader(io.StringIO(written)))[1][0]


@pytest.mark.parametrize(
    ("expression", "in_json", "in_csv"),
    [
        ("null", None, ""),
        ("true", True, "true"),
        ("170141183460469231731687303715884105727::hugeint", 2**127 - 1, str(2**127 - 1)),
        ("18446744073709551615::ubigint", 2**64 - 1, str(2**64 - 1)),
        ("0.1::double", 0.1, "0.1"),
        ("'nan'::double", None, "nan"),
        ("'-infinity'::double", None, "-inf"),
        ("1.50::decimal(9, 2)", 1.5, "1.50"),
        (
            "12345678901234567890.123456789::decimal(38, 9)",
            "12345678901234567890.123456789",
            "12345678901234567890.123456789",
        ),
        ("date '2020-02-29'", "2020-02-29", "2020-02-29"),
        (
            "timestamp '2020-01-01 00:00:00.000001'",
            "2020-01-01T00:00:00.000001",
            "2020-01-01T00:00:00.000001",
        ),
        ("time '01:02:03'", "01:02:03", "01:02:03"),
        ("interval 90 second", 90.0, "90.0"),
        ("'AB'::blob", "QUI=", "QUI="),
        ("[1, null, 3]", [1, None, 3], "[1, null, 3]"),
        ("{'a': [{'b': 'é'}]}", {"a": [{"b": "é"}]}, '{"a": [{"b": "é"}]}'),
        ("map {1: 'x'}", {"1": "x"}, '{"1": "x"}'),
        ("['nan'::double]", [None], "[null]"),
        ("uuid 'c0ffee00-0000-0000-0000-000000000000'",)
        + 2 * ("c0ffee00-0000-0000-0000-000000000000",),
        ("'[red]x[/]'", "[red]x[/]", "[red]x[/]"),
        ("'{\"a\": 1}'::json", '{"a": 1}', '{"a": 1}'),
    ],
)
def test_each_type_in_json_and_csv(
    connection: Connection, expression: str, in_json: object, in_csv: str
) -> None:
    """A value of each type is exact in JSON and CSV, or a null where the format has no word."""
    assert _one(connection, expression, "json") == in_json
    assert _one(connection, expression, "csv") == in_csv


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_instant_is_shown_in_utc(connection: Connection, form: ResultFormat) -> None:
    """A TIMESTAMP WITH TIME ZONE is its time in UTC, also within lists and structs."""
    instant = "'2020-01-01 01:00:00+02'::timestamptz"
    assert _one(connection, instant, form) == "2019-12-31T23:00:00"
    nested = f"[{{'a b': {instant}}}]"
    found = _one(connection, nested, form)
    expected = [{"a b": "2019-12-31T23:00:00"}]
    assert (json.loads(str(found)) if form == "csv" else found) == expected


def test_instants_keep_order_names_and_values(connection: Connection) -> None:
    """Rows stay in the query's order, names and bound values stay, when instants are cast."""
    query = (
        "select i as a, '2020-01-01 00:00:00+00'::timestamptz as a from range(3000) t(i) "
        "where i <> $x order by i desc"
    )
    lines = _written(connection, query, "csv", x=7).splitlines()
    assert lines[0] == "a,a"
    assert [int(line.split(",")[0]) for line in lines[1:]] == [
        i for i in range(2999, -1, -1) if i != 7
    ]


def test_text_of_a_csv_never_runs(connection: Connection) -> None:
    """A quote stands before text that a spreadsheet would run, and before nothing else."""
    for text in ("=1+1", "+1", "-1", "@x", "\t=1", "\n=1", "\uff1d1"):
        assert _one(connection, literal(text), "csv") == f"'{text}"
    for expression, written in (("-1", "-1"), ("-1.5::double", "-1.5"), ("'a=1'", "a=1")):
        assert _one(connection, expression, "csv") == written


def test_a_huge_cell_does_not_widen_all_rows(connection: Connection) -> None:
    """In a table that is passed on a long cell is whole, and the other rows stay narrow."""
    query = "select if(i = 7, repeat('x', 100000), 'y') as x from range(500) t(i)"
    lines = _written(connection, query, "table").splitlines()
    assert [line for line in lines if len(line) > 600] == [f"| {'x' * 100_000} |"]
    assert len(lines) == 503


def test_repeated_names_stay_apart_in_json(connection: Connection) -> None:
    """Columns of one name get distinct names in JSON, and stay as they are in CSV."""
    query = "select 1 as a, 2 as a, 3 as a_1, 4 as a"
    (row,) = json.loads(_written(connection, query, "json"))
    assert list(row.values()) == [1, 2, 3, 4]
    assert _written(connection, query, "csv").splitlines()[0] == "a,a,a_1,a"


def test_a_table_obeys_no_value(connection: Connection) -> None:
    """Control characters, line ends and turned writing in a value or a name are made visible."""
    value = r"e'\x1b[31m' || chr(10) || chr(9) || chr(13) || chr(155) || chr(8238)"
    written = _written(connection, f"""select {value} as "n\x1b[0m" """, "table")
    assert written.splitlines() == [
        r"| n\x1b[0m                 |",
        r"|--------------------------|",
        r"| \x1b[31m\n\t\r\x9b\u202e |",
        "1 row",
    ]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_obeys_no_value(connection: Connection, form: ResultFormat) -> None:
    """JSON escapes what a terminal would obey, and means the same."""
    value = "chr(27) || chr(155) || chr(8238) || chr(127) || 'é'"
    written = _written(connection, f"select {value} as x", form)
    assert written.replace("\n", "").isprintable()
    parsed = json.loads(written)
    assert (parsed[0] if form == "json" else parsed) == {"x": "\x1b\x9b\u202e\x7fé"}


def test_markup_in_a_value_is_text(connection: Connection) -> None:
    """What looks like the markup of the table library is shown as it is."""
    written = _written(connection, "select '[bold]x[/bold] [link=y]' as \"[red]n\"", "table")
    assert "[bold]x[/bold] [link=y]" in written
    assert "[red]n" in written


def test_a_long_value_stays_on_its_line(connection: Connection) -> None:
    """Away from a terminal no value is folded or cut, however long."""
    written = _written(connection, "select repeat('x', 50000) as x", "table")
    assert "x" * 50_000 in written


def test_a_table_says_what_it_leaves_out(connection: Connection) -> None:
    """A table of very many rows shows the first ones and says how many there are."""
    written = _written(connection, "select i from range(2500) t(i)", "table").splitlines()
    assert len(written) == TABLE_ROWS + 3
    assert written[-1] == "1000 of 2500 rows; --format csv, json or parquet gives all"


def test_a_record_is_written_vertically(connection: Connection) -> None:
    """The format `line` has a column a line, and a blank line between two records."""
    query = "select i, i || '\x1b\n' as text from range(2) t(i)"
    assert _written(connection, query, "line").splitlines() == [
        "   i = 0",
        "text = 0\\x1b\\n",
        "",
        "   i = 1",
        "text = 1\\x1b\\n",
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_every_row_is_written(connection: Connection, form: ResultFormat) -> None:
    """CSV and JSON lines write every row, over many fetches."""
    written = _written(connection, "select i from range(10000) t(i)", form).splitlines()
    assert len(written) == 10_000 + (form == "csv")


def test_safe_keeps_text() -> None:
    """Letters of any script, line ends and tabs pass; what steers a terminal does not."""
    assert safe("é漢字\n\tx") == "é漢字\n\tx"
    assert safe("\x00\x1b\x9b\u2066") == r"\x00\x1b\x9b\u2066"
