"""The views answer what people ask most, and agree with the tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import Warehouse, catalog
from pipeline.resources import sql_dir
from tests.synthetic import build_synthetic

MXNET = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Return a warehouse over a tampered dump, open."""
    with Warehouse(build_synthetic(tmp_path_factory.mktemp("views"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def samples(samples_warehouse: Path) -> Iterator[Warehouse]:
    """Return the warehouse of the five real documents, open."""
    with Warehouse(samples_warehouse) as opened:
        yield opened


def _rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    return warehouse.connection.execute(query).fetchall()


@pytest.mark.parametrize("name", catalog.views())
def test_a_view_has_the_columns_of_its_description(samples: Warehouse, name: str) -> None:
    """A view has the columns and types of its description, in that order."""
    described = [(row[0], row[1]) for row in _rows(samples, f"describe {name}")]
    assert described == [(one.name, one.type) for one in catalog.views()[name].columns]


@pytest.mark.parametrize("name", catalog.views())
def test_a_view_is_described_for_readers(name: str) -> None:
    """A view and its columns have meanings, and each column has a word of evidence."""
    view = catalog.views()[name]
    for meaning in (view.meaning, *(column.meaning for column in view.columns)):
        assert meaning.endswith(".")
    assert {column.evidence for column in view.columns} <= set(catalog.EVIDENCE)


@pytest.mark.parametrize("name", catalog.views())
def test_a_view_has_one_row_for_each_key(synthetic: Warehouse, name: str) -> None:
    """No two rows of a view have the same key, tampered documents or not."""
    key = ", ".join(catalog.views()[name].key)
    found = _rows(synthetic, f"select count(*), count(distinct ({key})) from {name}")  # noqa: S608 - names of ours
    total, distinct = found[0]
    assert total == distinct > 0


def test_every_view_is_a_file_and_every_file_a_view() -> None:
    """The folder of the views holds what the catalogue lists, each with its description."""
    folder = sql_dir() / "views"
    assert {path.stem for path in folder.glob("*.sql")} == set(catalog.views())
    assert {path.stem for path in folder.glob("*.toml")} == set(catalog.views())


def test_the_database_file_has_the_views_from_anywhere(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """`pith.duckdb` shows every view with its comments, whatever the working directory."""
    database = samples_warehouse.resolve() / "pith.duckdb"
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with duckdb.connect(database, read_only=True) as client:
            for view in catalog.views().values():
                assert client.execute(f"from {view.name}").fetchall()
                comments = client.execute(
                    "select column_name, comment from duckdb_columns() "
                    "where table_name = $name order by column_index",
                    {"name": view.name},
                ).fetchall()
                assert comments == [(one.name, one.meaning) for one in view.columns]
            comments = client.execute(
                "select view_name, comment from duckdb_views() where not internal"
            ).fetchall()
    finally:
        os.chdir(before)
    described = catalog.views() | catalog.tables()
    assert dict(comments) == {name: table.meaning for name, table in described.items()}


def test_works_hold_every_paper_once(synthetic: Warehouse) -> None:
    """The versions of all works together are the papers, some works having several."""
    numbers = _rows(synthetic, "select unnest(pith_numbers) from works order by all")
    assert numbers == _rows(synthetic, "select pith_number from papers order by all")
    assert _rows(synthetic, "select count(*) from works where version_count > 1") > [(0,)]


def test_works_put_the_newest_proven_version_first(synthetic: Warehouse) -> None:
    """Proven versions stand before unproven ones; among these the newest is first."""
    found = _rows(synthetic, "select versions, proofs, latest_version from works")
    assert any(len(versions) > 1 for versions, _, _ in found)
    for versions, proofs, latest in found:
        places = [
            (proof in {"signed", "receipt"}, version)
            for version, proof in zip(versions, proofs, strict=True)
        ]
        assert places == sorted(places, reverse=True)
        assert latest == versions[0]


def test_a_version_that_is_not_stated_is_not_the_latest(synthetic: Warehouse) -> None:
    """A version without a version number stands last, even if it is proven."""
    with duckdb.connect() as connection:
        connection.register("given", synthetic.sql("from papers").to_arrow_table())
        connection.execute(
            "create table papers as select * replace ('one' as source_id, "
            "nullif(source_version, 2) as source_version, 'signed' as proof) from given"
        )
        connection.execute(f"create view works as {catalog.view_sql('works')}")
        found = "select versions, latest_version from works"
        ((versions, latest),) = connection.execute(found).fetchall()
    assert versions[-1] is None
    assert latest == versions[0] == max(filter(None, versions))


def test_the_citation_graph_keeps_every_citation(synthetic: Warehouse) -> None:
    """Each citation is there once, and an end is known if its number is among the papers."""
    ends = "select cited_pith_number, citing_arxiv_id, ref_index, event_id from "
    assert sorted(_rows(synthetic, f"{ends} citation_graph"), key=str) == sorted(
        _rows(synthetic, f"{ends} citations"), key=str
    )
    assert _rows(
        synthetic,
        "select count(*) from citation_graph where citing_known <> coalesce("
        "citing_pith_number in (select pith_number from papers), false) or "
        "cited_known <> (cited_pith_number in (select pith_number from papers))",
    ) == [(0,)]
    assert _rows(synthetic, "select count(*) from citation_graph where citing_known") > [(0,)]


def test_the_samples_cite_one_paper(samples: Warehouse) -> None:
    """The twelve citations of the real documents are all of one paper, by unknown ones."""
    found = _rows(samples, "select distinct cited_pith_number, citing_known from citation_graph")
    assert found == [(MXNET, False)]


def test_the_timeline_counts_the_steps_of_each_paper(synthetic: Warehouse) -> None:
    """The steps of a paper's events that hold run from 1 on, and time never runs backwards."""
    found = _rows(synthetic, "select pith_number, step, since_previous from timeline order by all")
    steps: dict[str, list[int]] = {}
    for number, step, since in found:
        if step is None:
            assert since is None
        else:
            steps.setdefault(number, []).append(step)
    for counted in steps.values():
        assert counted == list(range(1, len(counted) + 1))
    assert all(since is None or since.total_seconds() >= 0 for _, _, since in found)
    assert len(found) == _rows(synthetic, "select count(*) from events")[0][0]
    unnumbered = _rows(
        synthetic,
        "select bool_and((step is null) = (verdict not in ('proven', 'equivocates'))) "
        "from timeline",
    )
    assert unnumbered == [(True,)]


def test_the_timeline_calls_proven_what_is(synthetic: Warehouse) -> None:
    """An event is proven if its digest and signature hold and it does not equivocate."""
    found = _rows(
        synthetic,
        "select timeline.verdict, event.content_ok is true and event.signature_status = 'valid' "
        "and not event.equivocates, count(*) from timeline inner join events as event "
        "using (event_id) group by all",
    )
    assert {verdict for verdict, proven, _ in found if proven} == {"proven"}
    assert "proven" not in {verdict for verdict, proven, _ in found if not proven}
    assert len(found) > 1


def test_trust_has_a_word_for_every_paper(synthetic: Warehouse) -> None:
    """Every paper has one word and a reason; a paper whose digests fail has no good word."""
    assert _rows(synthetic, "select pith_number from trust order by all") == _rows(
        synthetic, "select pith_number from papers order by all"
    )
    words = {row[0] for row in _rows(synthetic, "select distinct trust from trust")}
    assert words == {"proven", "vouched", "contradicted"}
    wrong = _rows(
        synthetic,
        "select count(*) from trust inner join papers using (pith_number) where "
        "(papers.number_status = 'mismatch' or papers.title_status = 'mismatch' "
        "or papers.receipt_status <> 'valid' or papers.proof = 'failed') "
        "and trust in ('proven', 'vouched') or why = '' or why is null",
    )
    assert wrong == [(0,)]


def test_trust_in_the_samples(samples: Warehouse) -> None:
    """Two real papers are proven, by their signed bundles, and three are vouched for."""
    found = _rows(samples, "select trust, count(*) from trust group by trust order by trust")
    assert found == [("proven", 2), ("vouched", 3)]


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("receipt_status", "invalid", "contradicted"),
        ("receipt_status", "untrusted_key", "unproven"),
        ("receipt_status", "missing", "unproven"),
        ("abstract_status", "mismatch", "contradicted"),
        ("number_status", "mismatch", "contradicted"),
        ("canonical_status", "mismatch", "contradicted"),
        ("title_status", "mismatch", "contradicted"),
        ("proof", "failed", "contradicted"),
        ("proof", "partial", "vouched"),
    ],
)
def test_one_status_changes_the_word(
    samples: Warehouse, column: str, value: str | None, word: str
) -> None:
    """With one status changed, a paper that was vouched for has the word that follows."""
    with duckdb.connect() as connection:
        connection.register("given", samples.sql("from papers").to_arrow_table())
        connection.register("findings", samples.sql("from findings").to_arrow_table())
        changed = f"* replace ($value as {column})"
        connection.execute(
            f"create table papers as select {changed} from given where document_kind = 'record'",  # noqa: S608 - a column of ours
            {"value": value},
        )
        connection.execute(f"create view trust as {catalog.view_sql('trust')}")
        found = connection.execute("select distinct trust from trust").fetchall()
    assert found == [(word,)]


def test_coverage_names_what_is_missing(synthetic: Warehouse, samples: Warehouse) -> None:
    """The kinds that a paper has and those that it misses are record, bundle and state."""
    for warehouse in (synthetic, samples):
        found = _rows(
            warehouse, "select has_record, has_bundle, has_state, missing, complete from coverage"
        )
        for *has, missing, complete in found:
            present = dict(zip(("record", "bundle", "state"), has, strict=True))
            assert missing == [kind for kind, there in present.items() if not there]
            assert complete == all(has)
    assert _rows(synthetic, "select count(*) from coverage where complete") > [(0,)]
    assert _rows(samples, "select count(*) from coverage where complete") == [(0,)]


def test_category_years_count_the_categories(synthetic: Warehouse) -> None:
    """The counts add up to the rows of `categories`, and to the papers by primary category."""
    found = _rows(
        synthetic,
        "select sum(papers), sum(primary_papers), sum(proven_papers), bool_and(works <= papers) "
        "from category_years",
    )
    categories = _rows(synthetic, "select count(*) from categories")[0][0]
    papers = _rows(synthetic, "select count(*) from papers")[0][0]
    proven = "select count(*) from categories where proof in ('signed', 'receipt')"
    assert found == [(categories, papers, _rows(synthetic, proven)[0][0], True)]
