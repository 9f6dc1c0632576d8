"""An unproven document neither passes as a proven one nor displaces it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline import Warehouse
from pipeline.catalog import bound
from pipeline.documents.keyring import Keyring
from pipeline.engine import records
from pipeline.warehouse.papers import section_sql
from pipeline.warehouse.search import RESULTS, find
from tests.building import build_warehouse, rows
from tests.cases.forge import (
    Json,
    aliases_of,
    bundle_of,
    canonical_record,
    created,
    digest,
    event,
    graph_snapshot,
    number_of,
    seal_bundle,
    snapshot,
    without,
)
from tests.cases.make_cases import FORGER, OWN, REGISTRY_KEY, plain, sample
from tests.paths import REPO

#: A paper that the registry vouches for: two versions of one work.
HONEST = number_of(canonical_record())
TITLE = graph_snapshot()["paper"]["title"]
#: A real paper, and an arXiv id of which no paper here is vouched for.
CITED = sample(3)["pith_number"]
UNVOUCHED = "2405.00005"


def _claim(identifier: str, version: int, submitted_at: str) -> Json:
    """Return a record without a signature that claims to be a version of a paper."""
    record: Json = without(sample(3), "receipt", "inbound_citations", "canonical_sha256")
    canonical = record["canonical_record"]
    canonical["source"] = {"kind": "arxiv", "id": identifier, "version": version}
    canonical["metadata"]["submitted_at"] = submitted_at
    for paper in (record["paper"], record["graph_snapshot"]["paper"]):
        paper |= {"submitted_at": submitted_at, "title": "Usurped"}
    record["source"] = record["graph_snapshot"]["source"] = canonical["source"]
    del canonical["metadata"]["title_canon_sha256"]
    number = number_of(canonical)
    return {
        **record,
        "pith_number": number,
        "short_pith_number": number[:5] + number[10:18],
        "canonical_sha256": digest(canonical),
        "aliases": aliases_of(canonical),
    }


def _second() -> Json:
    """Return the signed bundle of a second version of the honest paper."""
    record = canonical_record()
    record["source"]["version"] = 2
    record["metadata"]["submitted_at"] = "2024-03-01T12:00:00Z"
    graph = graph_snapshot()
    graph["source"]["version"] = 2
    graph["paper"]["submitted_at"] = "2024-03-01T12:00:00Z"
    taken = {"graph_snapshot": graph, "verdict_id": None}
    events = [created(OWN, record), event(OWN, number_of(record), "graph_snapshot", taken)]
    return bundle_of(OWN, events, record=record)


def _cited() -> Json:
    """Return a real record that an honest and an unvouched paper are said to cite."""
    record: Json = sample(3)
    record["inbound_citations"] = {
        "count": 2,
        "sample": [
            {"citing_arxiv_id": identifier, "citing_title": "As cited", "ref_index": 1}
            for identifier in (canonical_record()["source"]["id"], UNVOUCHED)
        ],
    }
    return record


def _strange_events() -> Json:
    """Return a stranger's bundle with events about the honest paper, one before, one between."""
    record = canonical_record()
    events = [
        snapshot(FORGER, record, created_at=at)
        for at in ("2026-05-01T00:00:00Z", "2026-06-01T00:00:02Z")
    ]
    return seal_bundle(FORGER, bundle_of(FORGER, events))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Return a warehouse of signed documents and of a stranger's claims about them, open."""
    folder = tmp_path_factory.mktemp("unproven")
    later = snapshot(OWN, canonical_record(), created_at="2026-06-01T00:00:05Z")
    documents = {
        "honest": bundle_of(OWN, [*plain(), later]),
        "second": _second(),
        "cited": _cited(),
        "older": _claim("2401.00001", 0, "1931-01-01T00:00:00Z"),
        "newer": _claim("2401.00001", 9, "2031-01-01T00:00:00Z"),
        "alone": _claim(UNVOUCHED, 1, "2024-05-05T00:00:00Z"),
        "strange": _strange_events(),
    }
    (folder / "source").mkdir()
    for name, document in documents.items():
        (folder / "source" / f"{name}.json").write_text(json.dumps(document), "utf-8")
    keyring = msgspec.convert({"keys": [OWN.pinned(), REGISTRY_KEY]}, Keyring)
    build_warehouse(folder / "warehouse", folder / "source", keyring=keyring)
    with Warehouse(folder / "warehouse") as opened:
        yield opened


def _rows(warehouse: Warehouse, query: str, **values: object) -> list[tuple[Any, ...]]:
    return warehouse.connection.execute(query, values or None).fetchall()


def _shown(warehouse: Warehouse, section: str, number: str) -> list[dict[str, Any]]:
    """Return the rows of a section of `show`, by column."""
    return records(warehouse.connection, section_sql(section), {"number": number})


def test_the_claims_stand_beside_what_is_vouched_for(warehouse: Warehouse) -> None:
    """The three records without a signature are papers, too, and are marked as unsigned."""
    found = _rows(warehouse, "select proof, count(*) from papers group by all order by all")
    assert found == [("receipt", 1), ("signed", 2), ("unsigned", 3)]


def test_a_claim_to_an_arxiv_id_does_not_answer_for_what_cites(warehouse: Warehouse) -> None:
    """A citing arXiv id resolves to a paper that is vouched for, and never to a claim."""
    found = _rows(
        warehouse,
        "select citing_arxiv_id, citing_proof, citing_title, cited_proof from citation_graph "
        "order by all",
    )
    assert found == [
        ("2401.00001", "signed", TITLE, "receipt"),
        (UNVOUCHED, None, "As cited", "receipt"),
    ]
    titles = {row["title"] for row in _shown(warehouse, "cited_by", CITED)}
    assert titles == {TITLE, "As cited"}


def test_a_claim_to_be_a_version_dates_no_work(warehouse: Warehouse) -> None:
    """Only versions that are vouched for date and count a work, but it lists all of them."""
    found = _rows(
        warehouse,
        "select version_count, first_submitted_at::text, last_submitted_at::text, latest_version, "
        "title, versions, proofs from works where source_id = '2401.00001'",
    )
    assert found == [
        (
            *(2, "2024-01-01 12:00:00", "2024-03-01 12:00:00", 2, TITLE),
            *([2, 1, 9, 0], ["signed", "signed", "unsigned", "unsigned"]),
        )
    ]
    query, values = bound("versions", {})
    ((source, *_, proofs, _, _, _, _),) = _rows(warehouse, query, **values)
    assert (source, proofs) == ("2401.00001", found[0][-1])


def test_a_work_that_is_only_claimed_is_dated_by_its_claims(warehouse: Warehouse) -> None:
    """If no version is proven, all of them count."""
    found = _rows(
        warehouse,
        "select version_count, first_submitted_at::text, proofs from works where source_id = $id",
        id=UNVOUCHED,
    )
    assert found == [(1, "2024-05-05 00:00:00", ["unsigned"])]


def test_the_page_of_a_paper_tells_which_versions_are_vouched_for(warehouse: Warehouse) -> None:
    """Each of the other versions has its proof beside it."""
    found = [(row["version"], row["proof"]) for row in _shown(warehouse, "versions", HONEST)]
    assert found == [(2, "signed"), (9, "unsigned"), (0, "unsigned")]


def test_strangers_events_shift_no_step(warehouse: Warehouse) -> None:
    """Events that hold are numbered and timed among themselves; others have no number."""
    found = _rows(
        warehouse,
        "select step, since_previous::text, verdict from timeline where pith_number = $number "
        "order by created_at, step nulls last",
        number=HONEST,
    )
    assert found == [
        (None, None, "unproven"),
        (1, None, "proven"),
        (2, "00:00:00", "proven"),
        (None, None, "unproven"),
        (3, "00:00:04", "proven"),
    ]
    shown = [row["step"] for row in _shown(warehouse, "events", HONEST)]
    query, values = bound("paper_events", {"id": HONEST})
    asked = [row[0] for row in _rows(warehouse, query, **values)]
    assert shown == asked == [step for step, _, _ in found]


def test_a_result_of_a_search_says_how_well_it_is_proven(warehouse: Warehouse) -> None:
    """A paper that is only claimed is found, and marked."""
    found = _rows(warehouse, RESULTS, **find(warehouse, "usurped", 10))
    assert [row[-1] for row in found] == ["unsigned"] * 3


def test_counts_tell_the_proven_papers_apart(warehouse: Warehouse) -> None:
    """A paper that is only claimed is counted, but not among the proven ones."""
    papers = _rows(
        warehouse, "select count(*), count(*) filter (proof in ('signed', 'receipt')) from papers"
    )
    assert papers == [(6, 3)]
    query, values = bound("licence_mix", {})
    licences = f"select sum(papers), sum(proven_papers) from ({query})"  # noqa: S608 - a query of ours
    assert _rows(warehouse, licences, **values) == papers
    proven = "select sum(proven_papers) < sum(papers) from category_years"
    assert _rows(warehouse, proven) == [(True,)]
    query, values = bound("co_authors", {"author": "Alice Example"})
    assert [row[2:] for row in _rows(warehouse, query, **values)] == [(1, 1)]


@pytest.mark.parametrize("indent", [1, 4])
def test_white_space_gives_an_event_to_no_other_paper(tmp_path: Path, indent: int) -> None:
    """An event in two equally proven states is of no paper, however each state is indented."""
    for name, spaces in (("ours", 0), ("theirs", indent)):
        tree = json.loads(
            (REPO / "tests" / "cases" / "event_of_two_states_fail" / f"{name}.json").read_bytes()
        )
        (tmp_path / f"{name}.json").write_text(json.dumps(tree, indent=spaces))
    warehouse = tmp_path / "warehouse"
    build_warehouse(warehouse, tmp_path / "ours.json", tmp_path / "theirs.json")
    found = rows(
        warehouse, "select pith_number, pointer from events where event_type = 'correction'"
    )
    assert found == [(None, "/current/corrections/0")]
    blamed = rows(warehouse, "select count(*) from findings where severity = 'error'")
    assert blamed == [(2,)]
