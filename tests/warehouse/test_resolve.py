"""`resolve` gives the numbers of a paper by any of its names, and reads little for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import Warehouse, catalog
from pipeline.model.tables import write_table
from pipeline.warehouse.snapshot import WHOLE, table_file
from pipeline.warehouse.views import create_views
from tests.console import Console

MXNET = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"

FORMS = [
    "1512.01274",
    "1512.01274v1",
    "1512.01274V1",
    "  1512.01274\n",
    "arXiv:1512.01274",
    "arxiv:1512.01274v1",
    "ARXIV: 1512.01274V1",
    "10.48550/arxiv.1512.01274",
    "10.48550/arXiv.1512.01274",
    "doi:10.48550/arXiv.1512.01274",
    "DOI: 10.48550/ARXIV.1512.01274",
    "https://doi.org/10.48550/arXiv.1512.01274",
    "http://dx.doi.org/10.48550/arXiv.1512.01274",
    "https://doi.org/10.48550%2FarXiv.1512.01274",
    "doi.org/10.48550/arXiv.1512.01274",
    "pith:23I7M26R",
    "PITH:23i7m26r",
    "23I7M26R",
    "23I7M26R5JO2",
    "23I7M26R5JO2ZDVL",
    "23I7M26R5JO2ZDVLZ734LVBI3N",
    "pith:23I7M26R5JO2ZDVLZ734LVBI3N",
    "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N",
    "Pith:2015:23i7m26r5jo2zdvlz734lvbi3n",
    "https://pith.science/pith/23I7M26R5JO2ZDVLZ734LVBI3N",
    "https://pith.science/pith/23I7M26R5JO2ZDVLZ734LVBI3N.json",
    "https://pith.science/pith/23I7M26R5JO2ZDVLZ734LVBI3N/bundle.json",
    "https://pith.science/pith/23I7M26R5JO2ZDVLZ734LVBI3N/action/replication_record",
    "https://pith.science/pith/23I7M26R?x=1#top",
    "http://www.pith.science/paper/23I7M26R",
    "pith.science/paper/23I7M26R/",
    "https://pith.science/.well-known/pith/23I7M26R5JO2ZDVLZ734LVBI3N/bundle.json",
    "https://pith.science/api/pith-number/23I7M26R5JO2ZDVLZ734LVBI3N/events.json",
    "https://pith.science/api/pith-number/resolve?arxiv=1512.01274&json=true",
    "https://arxiv.org/abs/1512.01274",
    "https://arxiv.org/abs/1512.01274v1",
    "https://arxiv.org/pdf/1512.01274",
    "http://www.arxiv.org/pdf/1512.01274v1.pdf",
    "https://export.arxiv.org/abs/1512.01274?context=cs",
    "arxiv.org/abs/1512.01274#comments",
]

WRONG = [
    None,
    "",
    " ",
    "'",
    '"',
    "'; drop table papers; --",
    "%",
    "_" * 8,
    "1512.01275",
    "1512.01274v2",
    "1512.0127",
    "11512.01274",
    "23I7M26",
    "23I7M26A",
    "23I7M26R5",
    "23I7M26R5JO2ZDVLZ734LVBI3A",
    "pith:",
    "pith:2016:23I7M26R5JO2ZDVLZ734LVBI3N",
    "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3A",
    "pith:2015:",
    "https://pith.science/",
    "https://pith.science.example/pith/23I7M26R5JO2ZDVLZ734LVBI3N",
    "https://example.org/abs/1512.01274",
    "https://doi.org/10.1000/182",
    "doi:",
    "hep-lat/0305021",
    "\x00",
    "1512.01274\x00",
    "\U0001f4a9",
    "x" * 1_000_000,
    "pith:" * 100_000,
]


@pytest.fixture(scope="module")
def samples(samples_warehouse: Path) -> Iterator[Warehouse]:
    """Return the warehouse of the five real documents, open."""
    with Warehouse(samples_warehouse) as opened:
        yield opened


def _resolve(connection: duckdb.DuckDBPyConnection, identifier: object) -> list[str]:
    found = connection.execute("from resolve($identifier)", {"identifier": identifier})
    return sorted(row[0] for row in found.fetchall())


@pytest.mark.parametrize("identifier", FORMS)
def test_every_form_resolves(samples: Warehouse, identifier: str) -> None:
    """Every form of an identifier gives the paper's number."""
    assert _resolve(samples.connection, identifier) == [MXNET]


@pytest.mark.parametrize("identifier", WRONG, ids=range(len(WRONG)))
def test_wrong_names_give_nothing(samples: Warehouse, identifier: str | None) -> None:
    """An identifier of no paper gives an empty result and no error."""
    assert _resolve(samples.connection, identifier) == []


@settings(max_examples=100)
@given(st.text() | st.sampled_from(FORMS).flatmap(lambda form: st.text().map(form.__add__)))
def test_any_text_is_an_identifier(samples: Warehouse, identifier: str) -> None:
    """Any text gives this paper or nothing, and no error."""
    assert _resolve(samples.connection, identifier) in ([], [MXNET])


def test_every_alias_and_number_of_the_samples_resolves(samples: Warehouse) -> None:
    """Every alias of the real documents, and every number, gives its own paper."""
    names = samples.connection.execute(
        "select value, pith_number from aliases union select pith_number, pith_number from papers"
    ).fetchall()
    assert len(names) == 35
    for name, number in names:
        assert _resolve(samples.connection, name) == [number]


def test_a_literal_needs_no_quotes_around_a_modern_id(samples: Warehouse) -> None:
    """A number that looks like an arXiv id is one, with its zeros."""
    assert samples.sql("from resolve(1512.01274)").fetchall() == [(MXNET,)]


def test_the_command_line_resolves(samples_warehouse: Path, console: Console) -> None:
    """`pith-etl sql`, which can reach nothing but the snapshot, knows the macro."""
    query = "from resolve('doi:10.48550/arXiv.1512.01274')"
    finished = console("sql", query, "--format", "csv", "--warehouse", samples_warehouse)
    assert (finished.code, finished.output) == (0, f"pith_number\n{MXNET}\n")


@pytest.mark.parametrize("attached", [False, True])
def test_the_database_file_resolves_from_anywhere(
    samples_warehouse: Path, tmp_path: Path, *, attached: bool
) -> None:
    """`pith.duckdb` knows the macro from any directory, opened or attached under any name."""
    database = samples_warehouse.resolve() / "pith.duckdb"
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with duckdb.connect() if attached else duckdb.connect(database, read_only=True) as client:
            if attached:
                client.execute(f"attach '{database}' as other (read_only)")
            schema = "other." if attached else ""
            found = client.execute(f"from {schema}resolve('1512.01274')").fetchall()
    finally:
        os.chdir(before)
    assert found == [(MXNET,)]


def test_the_macro_is_described(samples_warehouse: Path) -> None:
    """The macro's comment in the database is its meaning in the catalogue."""
    with duckdb.connect(samples_warehouse / "pith.duckdb", read_only=True) as client:
        found = client.execute(
            "select function_name, parameters, comment from duckdb_functions() "
            "where not internal and function_type = 'table_macro'"
        ).fetchall()
    assert found == [
        (one.name, [parameter.name for parameter in one.parameters], one.meaning)
        for one in catalog.macros()
    ]


#: A made-up number for the paper `i`: 26 characters of base32.
_ID = "upper(left(translate(sha256(i::varchar), '0189', 'GHIJ'), 26))"

_PAPERS = f"""
select
    'pith:' || (2000 + i % 20) || ':' || {_ID} as pith_number,
    printf('%04d.%05d', 1 + i // 4 % 1200, i // 2) as source_id,
    1 + i % 2 as source_version,
    i as i
from range(200000) as numbers (i)
"""  # noqa: S608 - our own text

#: What each of them is called; every tenth lays a false claim to the name of the paper `1`.
_ALIASES = """
select
    pith_number,
    unnest(['arxiv', 'arxiv_version', 'doi', 'pith_short_8', 'pith_short_12', 'pith_short_16'])
        as kind,
    unnest([
        source_id,
        source_id || 'v' || source_version,
        '10.48550/arxiv.' || source_id,
        left(split_part(pith_number, ':', 3), 8),
        left(split_part(pith_number, ':', 3), 12),
        left(split_part(pith_number, ':', 3), 16)
    ]) as value,
    true as well_formed
from made
union all
select
    pith_number,
    'doi',
    '10.1000/false',
    false
from made
where i % 10 = 0
union all
select
    pith_number,
    'doi',
    '10.1103/PhysRevD.' || i,
    null
from made
where i % 10 = 1
"""


def _write(connection: duckdb.DuckDBPyConnection, name: str, rows: str, folder: Path) -> None:
    """Write a table by the function that publishes it, in the order that its model has."""
    columns = ", ".join(
        f"rows.{column.name}" if column.name in rows else f"null::{column.type} as {column.name}"
        for column in catalog.table(name).columns
    )
    sql = f"select {columns} from ({rows}) as rows"  # noqa: S608 - ours
    write_table(connection, catalog.table(name), sql, table_file(folder, name, WHOLE))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return the views and macros over 200,000 papers, two versions of each work."""
    folder = tmp_path_factory.mktemp("large")
    with duckdb.connect() as writer:
        writer.execute(f"create table made as {_PAPERS}")
        _write(writer, "papers", "select * from made", folder)
        _write(writer, "aliases", _ALIASES, folder)
        for name in catalog.tables():
            if not (folder / name).exists():
                _write_empty(writer, name, folder)
    with duckdb.connect() as connection:
        create_views(connection, folder)
        yield connection


def _write_empty(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    columns = ", ".join(
        f"null::{column.type} as {column.name}" for column in catalog.table(name).columns
    )
    file = table_file(folder, name, WHOLE)
    write_table(connection, catalog.table(name), f"select {columns} where false", file)


def _scanned(plan: dict[str, Any]) -> Iterator[tuple[int, int, int]]:
    """Yield for each scan of a file: row groups read, row groups there are, rows read."""
    if "total_row_groups_to_scan" in plan:
        yield plan["row_groups_scanned"], plan["total_row_groups_to_scan"], plan["rows_scanned"]
    for child in plan.get("children", []):
        yield from _scanned(child)


def _names(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    """Return forms of the names of one work in the middle, with what each must give."""
    old, new = sorted(
        connection.execute(
            "select value, pith_number from aliases "
            "where kind = 'arxiv_version' and value like '0900.%' order by value limit 2"
        ).fetchall()
    )
    work, both, number = old[0][:-2], sorted([old[1], new[1]]), new[1]
    return [
        (work, both),
        (f"https://doi.org/10.48550/arXiv.{work}", both),
        (f"arXiv:{new[0]}", [number]),
        (f"https://arxiv.org/pdf/{old[0]}.pdf", [old[1]]),
        (number, [number]),
        (number[10:], [number]),
        (f"pith:{number[10:18]}", [number]),
        (f"https://pith.science/paper/{number[10:18]}", [number]),
        ("9999.99999", []),
        ("", []),
    ]


def test_a_lookup_among_200_000_papers_reads_few_row_groups(
    large: duckdb.DuckDBPyConnection,
) -> None:
    """By DuckDB's profile each form reads few row groups; each of two names may span two."""
    for identifier, numbers in _names(large):
        assert _resolve(large, identifier) == numbers
        profile = large.execute(
            f"explain (analyze, format json) from resolve('{identifier}')"
        ).fetchone()
        assert profile is not None
        scans = sorted(_scanned(json.loads(profile[1])["operator"][0]), key=lambda scan: scan[1])
        papers, aliases = scans
        assert papers[1] >= 9
        assert aliases[1] >= 60
        assert papers[0] <= 1
        assert aliases[0] <= 4
        assert papers[2] + aliases[2] <= 5 * 20_480


def test_a_false_claim_never_resolves(large: duckdb.DuckDBPyConnection) -> None:
    """An alias that contradicts its paper names nothing."""
    assert large.execute("select count(*) from aliases where value = '10.1000/false'").fetchall()
    assert _resolve(large, "10.1000/false") == []


def test_a_publisher_s_doi_resolves(large: duckdb.DuckDBPyConnection) -> None:
    """A DOI that nothing can confirm or refute is found as the documents write it."""
    found = large.execute(
        "select value, pith_number from aliases where well_formed is null limit 1"
    )
    value, number = found.fetchall()[0]
    assert _resolve(large, f"https://doi.org/{value}") == [number]


@pytest.mark.parametrize(
    "identifier",
    [
        "math/0309136",
        "math.GT/0309136",
        "arXiv:MATH/0309136v2",
        "https://arxiv.org/abs/math/0309136v2",
        "https://arxiv.org/pdf/math.GT/0309136",
        "10.48550/arXiv.math/0309136",
        "https://doi.org/10.48550/arxiv.math%2F0309136",
    ],
)
def test_old_ids_resolve(identifier: str) -> None:
    """An arXiv id of before 2007 is found with and without its class, in any case."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table aliases as from (values "
            "('pith:2003:A', 'arxiv', 'math/0309136', true, 'signed'), "
            "('pith:2003:A', 'arxiv_version', 'math/0309136v2', true, 'signed'), "
            "('pith:2003:A', 'doi', '10.48550/arxiv.math/0309136', true, 'signed')) "
            "as rows (pith_number, kind, value, well_formed, proof)"
        )
        connection.execute(
            "create table papers as select 'pith:2003:A' as pith_number, 'signed' as proof"
        )
        sql = catalog.macros()[0].sql
        connection.execute(f"create macro resolve(identifier) as table {sql}")
        assert _resolve(connection, identifier) == ["pith:2003:A"]
