"""The worked examples run by name, with values that are bound."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import Warehouse, catalog
from pipeline.catalog import bound
from pipeline.cli.queries import values
from pipeline.documents.keyring import load
from pipeline.errors import UsageError
from tests.building import build_warehouse
from tests.console import Console
from tests.paths import REPO, SAMPLES
from tests.synthetic import build_synthetic

NAMES = sorted(catalog.queries())

#: Texts that a hostile or careless user may give.
TEXTS = ["", "'", '"', "'; drop table papers; --", "1 or 1 = 1", "\x1b[31m", "x" * 10_000]


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Return a warehouse over a tampered dump, open."""
    with Warehouse(build_synthetic(tmp_path_factory.mktemp("queries"))) as opened:
        yield opened


def test_there_are_a_dozen() -> None:
    """There are at least twelve worked examples."""
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_query_begins_with_its_question(name: str) -> None:
    """The first line of the file asks the question that the query answers."""
    query = catalog.queries()[name]
    assert query.sql.splitlines()[0] == f"-- {query.question}"
    assert query.question.endswith("?")


@pytest.mark.parametrize("name", NAMES)
def test_a_query_declares_what_it_binds(name: str) -> None:
    """Every parameter of a query is used in it, and has a default and a meaning."""
    query = catalog.queries()[name]
    body = "\n".join(line for line in query.sql.splitlines() if not line.startswith("--"))
    for parameter in query.parameters:
        assert f"${parameter.name}" in body
        assert parameter.default is not None
        assert parameter.meaning
    assert body.count("$") >= len(query.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_runs_on_the_samples(samples_warehouse: Path, console: Console, name: str) -> None:
    """A worked example runs on the real documents by its name alone."""
    finished = console("sql", "--named", name, "--warehouse", samples_warehouse, "--format", "json")
    assert (finished.code, finished.errors) == (0, "")
    assert isinstance(json.loads(finished.output), list)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_runs_on_a_tampered_dump(synthetic: Warehouse, name: str) -> None:
    """Every query but two finds rows in a dump with several versions, forgeries and refusals."""
    sql, bindings = bound(name, {})
    if "id" in bindings:
        rows = synthetic.sql(
            "select min(pith_number) from events inner join citations "
            "on pith_number = cited_pith_number"
        ).fetchall()
        bindings["id"] = rows[0][0]
    found = synthetic.connection.execute(sql, bindings).fetchall()
    # no tampering makes an honest signer say two things, and a dump has no integrity document
    assert bool(found) == (name not in {"equivocations", "standing_integrity"})


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_values_are_bound(synthetic: Warehouse, text: str) -> None:
    """Whatever text a value is, it is a value and no part of the query."""
    for name in NAMES:
        for parameter in catalog.queries()[name].parameters:
            if not (parameter.default or "").isdigit():
                sql, bindings = bound(name, {parameter.name: text})
                synthetic.connection.execute(sql, bindings).fetchall()
    assert synthetic.sql("select count(*) > 0 from papers").fetchall() == [(True,)]


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl", "parquet"])
def test_values_reach_every_format(
    samples_warehouse: Path, console: Console, tmp_path: Path, form: str
) -> None:
    """A value is bound whatever the format of the result."""
    output = tmp_path / "result"
    finished = console(
        *("sql", "--named", "paper_events", "--param", "id=pith:HWGLK6KN"),
        *("--warehouse", samples_warehouse, "--format", form, "--output", output),
    )
    assert finished.code == 0
    other = console(
        *("sql", "--named", "paper_events", "--param", "id=9999.99999"),
        *("--warehouse", samples_warehouse, "--format", form, "--output", tmp_path / "other"),
    )
    assert other.code == 0
    assert output.stat().st_size > (tmp_path / "other").stat().st_size


def test_a_query_of_ones_own_takes_values(samples_warehouse: Path, console: Console) -> None:
    """`--param` binds the values of any query."""
    finished = console(
        *("sql", "select $a || $b as text", "--param", "a=x=1", "--param", "b='"),
        *("--warehouse", samples_warehouse, "--format", "csv"),
    )
    assert (finished.code, finished.output) == (0, "text\nx=1'\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--named", "nothing"], "no query 'nothing'"),
        (["--named", "most_cited", "--param", "row=1"], "no parameter 'row'; it has rows"),
        (["--named", "most_cited", "--param", "rows"], "KEY=VALUE"),
        (["--named", "most_cited", "--param", "rows=1", "--param", "rows=2"], "given twice"),
        (["--named", "most_cited", "--param", "rows=x"], "Could not convert string 'x'"),
        (["select 1", "--named", "most_cited"], "either a QUERY or --named"),
        ([], "either a QUERY or --named"),
        (["select $a"], "parameter"),
        (["select 1", "--param", "a=1"], "Expected 0, got 1"),
    ],
)
def test_wrong_use_is_explained(
    samples_warehouse: Path, console: Console, arguments: list[str], words: str
) -> None:
    """A wrong name, parameter or value gets a message, and exit status 2."""
    finished = console("sql", *arguments, "--warehouse", samples_warehouse)
    assert finished.code == 2
    assert words in finished.errors
    assert "Traceback" not in finished.errors


def test_the_queries_are_listed(console: Console) -> None:
    """`pith-etl queries` names every query, with its question and parameters."""
    finished = console("queries")
    assert finished.code == 0
    for query in catalog.queries().values():
        line = next(line for line in finished.output.splitlines() if f" {query.name} " in line)
        assert query.question in line
        for parameter in query.parameters:
            assert f"{parameter.name}={parameter.default}" in line


def test_a_slip_in_a_name_is_recognised(console: Console) -> None:
    """The message names the query that was meant."""
    assert "Did you mean 'worst_findings'?" in console("queries", "worst_finding").errors


def test_the_sql_of_a_query_is_printed(console: Console) -> None:
    """`pith-etl queries NAME` prints the file, to start from."""
    sql = catalog.queries()["most_cited"].sql
    assert console("queries", "most_cited").output == sql
    assert console("queries", "nothing").code == 2


def test_values_stay_text() -> None:
    """A value is all that stands after the first `=`."""
    assert values(["a=1", "b=", "c=x=y"]) == {"a": "1", "b": "", "c": "x=y"}
    with pytest.raises(UsageError):
        values(["=1"])


def test_answers_agree_with_the_tables(samples_warehouse: Path) -> None:
    """Three queries give the known answers on the real documents."""
    with Warehouse(samples_warehouse) as opened:
        cited = opened.connection.execute(*bound("most_cited", {})).fetchall()
        events = opened.connection.execute(*bound("paper_events", {})).fetchall()
        citing = opened.connection.execute(*bound("cited_by", {"id": "pith:23I7M26R"})).fetchall()
    assert [row[2:] for row in cited] == [(12, 12, 1.0, "receipt")]
    assert [row[2] for row in events] == ["record_created", "graph_snapshot"]
    assert len(citing) == 12


def test_what_analysts_ask_is_answered(samples_warehouse: Path) -> None:
    """Of the real documents: all hold and have receipts, and no citing paper is among them."""
    with Warehouse(samples_warehouse) as opened:
        asked = {
            name: opened.query(name).fetchall()
            for name in (
                "input_reasons",
                "receipts_per_year",
                "signatures_per_key",
                "known_citing_papers",
                "unclear_names",
            )
        }
    assert [row[:3] for row in asked["input_reasons"]] == [("ok", None, 5)]
    assert sum(row[2] for row in asked["receipts_per_year"]) == 5
    assert {row[-1] for row in asked["receipts_per_year"]} == {1.0}
    ((_, _, trust, signatures, valid, untrusted, failed, unchecked),) = asked["signatures_per_key"]
    assert (trust, signatures) == ("pinned", valid)
    assert (untrusted, failed, unchecked) == (0, 0, 0)
    assert asked["known_citing_papers"] == [
        ("any", 12, 0, 0.0),
        ("inbound_sample", 12, 0, 0.0),
    ]
    assert [row[2] for row in asked["unclear_names"]] == [0] * 12


def test_figures_of_a_tampered_dump_add_up(synthetic: Warehouse) -> None:
    """Every document, signature and paper is counted once, and each followed document is there."""
    with_sums = {
        "input_reasons": ("documents", "documents"),
        "signatures_per_key": ("signatures", "signatures"),
        "receipts_per_year": ("papers", "papers"),
    }
    for name, (column, table) in with_sums.items():
        total = synthetic.query(name).aggregate(f"sum({column})").fetchall()
        assert total == synthetic[table].count("*").fetchall()
    kinds = "signatures = valid + valid_under_untrusted_key + failed + not_checked"
    assert synthetic.query("signatures_per_key").filter(f"not ({kinds})").fetchall() == []
    followed = synthetic.query("disagreements").pl()
    assert followed["followed_path"].null_count() == 0
    (number, *_), *_ = synthetic.query("disagreements").fetchall()
    assert {row[0] for row in synthetic.query("disagreements", paper=number).fetchall()} == {number}


def test_integrity_findings_that_were_withdrawn_do_not_stand(tmp_path: Path) -> None:
    """`standing_integrity` leaves out what was withdrawn, and can be narrowed by severity."""
    case = REPO / "tests" / "cases" / "integrity_document"
    documents = [case / name for name in ("integrity.json", "later.json")]
    keyring = load(case / "keyring.json")
    build_warehouse(tmp_path / "warehouse", *documents, keyring=keyring)
    with Warehouse(tmp_path / "warehouse") as opened:
        standing = opened.query("standing_integrity").pl()["finding_id"].to_list()
        query = "select finding_id from integrity_findings where not rescinded"
        assert sorted(standing) == sorted(row[0] for row in opened.sql(query).fetchall())
        assert standing
        assert opened.query("standing_integrity", severity="none").fetchall() == []


def test_find_paper_puts_what_is_vouched_for_first(synthetic: Warehouse) -> None:
    """Versions that are vouched for come before the other versions of a work."""
    vouched = "proof in ('signed', 'receipt')"
    works = synthetic.connection.execute(
        f"select source_id, list(pith_number order by {vouched} desc, "  # noqa: S608 - our own SQL
        "source_version desc, pith_number) from papers where source_id is not null "
        f"group by source_id having count(distinct {vouched}) = 2"
    ).fetchall()
    assert works
    for source_id, numbers in works:
        sql, bindings = bound("find_paper", {"id": source_id})
        found = synthetic.connection.execute(sql, bindings).fetchall()
        assert [row[0] for row in found] == numbers


def test_changed_papers(tmp_path: Path, console: Console) -> None:
    """Papers that are new, gone, or come from another document than before are found."""
    source, warehouse = tmp_path / "source", tmp_path / "warehouse"
    shutil.copytree(SAMPLES, source)
    first, second, third, *_ = sorted(source.iterdir())
    kept = first.read_bytes()
    first.unlink()
    build_warehouse(warehouse, source)
    first.write_bytes(kept)
    second.unlink()
    third.write_bytes(third.read_bytes() + b"\n")
    build_warehouse(warehouse, source)
    finished = console(
        "sql", "--named", "changed_papers", "--warehouse", warehouse, "--format", "json"
    )
    rows = {row["pith_number"]: row["change"] for row in json.loads(finished.output)}
    assert rows == {
        "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N": "added",
        "pith:2014:ICOSM72B3S5IX4M4GSUTVDFB5Z": "gone",
        "pith:2015:H3O2LG26QKOU52MMC67LGVPEGW": "changed",
    }


def test_new_findings(tmp_path: Path) -> None:
    """Findings that the snapshot before has too are not new."""
    source, warehouse = tmp_path / "source", tmp_path / "warehouse"
    shutil.copytree(SAMPLES, source)
    (source / "first.json").write_text('{"pith": ')
    build_warehouse(warehouse, source)
    (source / "second.json").write_text('{"kind": ')
    build_warehouse(warehouse, source)
    with Warehouse(warehouse) as opened:
        found = opened.query("new_findings").project("code, path").fetchall()
    assert found == [("document_refused", str(source / "second.json"))]


def test_a_broken_past_does_not_hide_the_present(tmp_path: Path) -> None:
    """If the papers of the earlier snapshot cannot be read, `previous_papers` is empty."""
    warehouse = tmp_path / "warehouse"
    build_warehouse(warehouse, SAMPLES)
    build_warehouse(warehouse, *sorted(SAMPLES.iterdir())[:3])
    old = min((warehouse / "snapshots").iterdir()) / "papers" / "0000-2.parquet"
    old.write_bytes(b"broken")
    with Warehouse(warehouse) as opened:
        assert opened.sql("from previous_papers").fetchall() == []
        assert len(opened.sql("from papers").fetchall()) == 3
