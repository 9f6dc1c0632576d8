"""`pith-etl show` prints all that is known of a paper, and harms no terminal."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline import Warehouse
from pipeline.warehouse.papers import PAPERS, ROWS, SECTIONS
from tests.building import build_warehouse
from tests.console import Console
from tests.paths import SAMPLES
from tests.synthetic import build_synthetic

MXNET = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Return a warehouse over a tampered dump, open."""
    with Warehouse(build_synthetic(tmp_path_factory.mktemp("show"))) as opened:
        yield opened


def _shown(console: Console, warehouse: Path, identifier: str) -> list[dict[str, Any]]:
    finished = console("show", identifier, "--json", "--warehouse", warehouse)
    assert (finished.code, finished.errors) == (0, "")
    pages: list[dict[str, Any]] = json.loads(finished.output)
    return pages


def _directory(warehouse: Warehouse) -> Path:
    return warehouse.snapshot.parent.parent


@pytest.mark.parametrize("identifier", ["1512.01274", "pith:23I7M26R", f"{MXNET} "])
def test_a_paper_is_shown_by_any_name(
    samples_warehouse: Path, console: Console, identifier: str
) -> None:
    """A page has the title, the number, the word of trust and every section."""
    finished = console("show", identifier, "--warehouse", samples_warehouse)
    assert (finished.code, finished.errors) == (0, "")
    assert finished.output.startswith("MXNet: A Flexible and Efficient Machine Learning Library")
    assert MXNET in finished.output
    assert "vouched" in finished.output
    for title in ("Aliases: 6", "Cited by: 12", "Digests: 4", "Signatures: 1", "Documents: 1"):
        assert f"\n{title}\n" in finished.output
    for title in ("Cites", "Events", "Findings", "Other versions"):
        assert f"\n{title}: none\n" in finished.output


def test_every_row_of_a_paper_is_shown(synthetic: Warehouse, console: Console) -> None:
    """Each section has as many rows as the tables have of the paper."""
    numbers = synthetic.sql(
        "select pith_number from papers order by hash(pith_number) limit 8"
    ).fetchall()
    for (number,) in numbers:
        (page,) = _shown(console, _directory(synthetic), number)
        for section, query in {
            "aliases": "aliases where pith_number = $number",
            "events": "events where pith_number = $number",
            "cited_by": "citations where cited_pith_number = $number",
            "claims": "claims where pith_number = $number",
            "attestations": "attestations where pith_number = $number",
            "findings": "findings where pith_number = $number",
            "documents": "documents where pith_number = $number",
        }.items():
            count = synthetic.connection.execute(
                f"select count(*) from {query}",  # noqa: S608 - ours
                {"number": number},
            ).fetchall()
            assert len(page[section]) == count[0][0], (section, number)


def test_events_come_in_order(samples_warehouse: Path, console: Console) -> None:
    """The events of a bundle are shown in order, with their verdicts."""
    (page,) = _shown(console, samples_warehouse, "1606.06234")
    assert [event["event_type"] for event in page["events"]] == ["record_created", "graph_snapshot"]
    assert [event["verdict"] for event in page["events"]] == ["proven", "proven"]


def test_every_digest_and_signature_has_its_verdict(
    samples_warehouse: Path, console: Console
) -> None:
    """A bundle's page has the verdicts on its four signatures and on each of its digests."""
    (page,) = _shown(console, samples_warehouse, "1606.06234")
    assert sorted(one["kind"] for one in page["signatures"]) == [
        "bundle",
        "event",
        "event",
        "receipt",
    ]
    assert {one["status"] for one in page["signatures"]} == {"valid"}
    verdicts = {one["what"]: one["verdict"] for one in page["digests"]}
    assert verdicts == {
        "canonical record": "verified",
        "Pith number": "verified",
        "title": "verified",
        "abstract": "unverifiable",
        "record_created event": "verified",
        "graph_snapshot event": "verified",
        "state in bundle": "verified, reproduced",
        "bundle": "verified",
    }


def test_json_has_every_section(samples_warehouse: Path, console: Console) -> None:
    """The JSON form is an array of papers, each with its row and its sections."""
    (page,) = _shown(console, samples_warehouse, "10.48550/arXiv.1512.01274")
    assert set(page) == {"paper", "counts", *SECTIONS}
    assert page["counts"] == {"papers": 1} | {name: len(page[name]) for name in SECTIONS}
    assert page["paper"]["pith_number"] == MXNET
    assert page["paper"]["submitted_at"] == "2015-12-03T22:49:21"
    assert page["documents"][0]["rests_on"] is True


def test_an_id_without_a_version_shows_every_version(
    synthetic: Warehouse, console: Console
) -> None:
    """The versions of a work are shown one after another, each naming the others."""
    source_id, numbers = synthetic.sql(
        "select source_id, pith_numbers from works order by version_count desc, source_id limit 1"
    ).fetchall()[0]
    pages = _shown(console, _directory(synthetic), source_id)
    assert len(pages) > 1
    assert [page["paper"]["pith_number"] for page in pages] == numbers
    for page in pages:
        others = {other["pith_number"] for other in page["versions"]}
        assert others | {page["paper"]["pith_number"]} == set(numbers)


def test_citations_out_are_those_of_the_work(synthetic: Warehouse, console: Console) -> None:
    """A paper's page lists the citations whose citing paper has its arXiv id."""
    number, source_id = synthetic.sql(
        "select pith_number, source_id from papers where source_id in "
        "(select citing_arxiv_id from citations) order by pith_number limit 1"
    ).fetchall()[0]
    (page,) = _shown(console, _directory(synthetic), number)
    expected = synthetic.connection.execute(
        "select count(*) from citations where citing_arxiv_id = $id", {"id": source_id}
    ).fetchall()
    assert len(page["cites"]) == expected[0][0] > 0


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse of the real documents and of many papers that claim the name of one."""
    folder = tmp_path_factory.mktemp("flood")
    lines = [_claim("1512.01274", version) for version in range(2 * ROWS)]
    (folder / "flood.jsonl").write_bytes(b"\n".join(lines))
    build_warehouse(folder / "warehouse", SAMPLES, folder / "flood.jsonl")
    return folder / "warehouse"


def _claim(arxiv_id: str, version: int) -> bytes:
    """Return an unsigned record of another paper with an arXiv id and a version."""
    record = {
        "source": {"kind": "arxiv", "id": arxiv_id, "version": version},
        "metadata": {"submitted_at": "2015-01-01T00:00:00Z", "title": "MXNet"},
    }
    digest = hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).digest()
    alias = {"alias_kind": "arxiv", "alias_value": arxiv_id}
    return orjson.dumps(
        {
            "record_type": "pith_number_record",
            "pith_number": f"pith:2015:{base64.b32encode(digest).decode()[:26]}",
            "canonical_record": record,
            "aliases": [alias],
            "paper": {"title": "MXNet"},
        }
    )


def test_a_flood_of_papers_of_one_name_is_counted_and_cut(flooded: Path, console: Console) -> None:
    """The proven paper comes first, then some of the others, each list with its exact number."""
    pages = _shown(console, flooded, "1512.01274")
    assert len(pages) == PAPERS
    assert pages[0]["paper"]["pith_number"] == MXNET
    assert {page["counts"]["papers"] for page in pages} == {2 * ROWS + 1}
    assert {page["counts"]["versions"] for page in pages} == {2 * ROWS}
    assert {len(page["versions"]) for page in pages} == {ROWS}
    # what is proven comes first in the lists, too
    assert {page["versions"][0]["pith_number"] for page in pages[1:]} == {MXNET}
    finished = console("show", "1512.01274", "--warehouse", flooded)
    assert finished.output.startswith("MXNet: A Flexible")
    assert f"Other versions: {2 * ROWS}, of which these are the first {ROWS}\n" in finished.output
    assert f"\n{PAPERS} of {2 * ROWS + 1} papers of this name" in finished.output


def test_the_proven_paper_is_the_first_that_a_name_means(flooded: Path) -> None:
    """`resolve` gives proven papers before those that only claim the name."""
    with Warehouse(flooded) as opened:
        found = opened.sql("from resolve('1512.01274') limit 1").fetchall()
    assert found == [(MXNET,)]


def test_a_search_counts_what_it_cuts_and_finds_the_proven_first(
    flooded: Path, console: Console
) -> None:
    """However well the texts of strangers match, a paper with a receipt comes before them."""
    searched = ("search", "mxnet", "--limit", "3", "--format", "json", "--warehouse", flooded)
    hits = json.loads(console(*searched).output)
    assert [hit["found"] for hit in hits] == [2 * ROWS + 1] * 3
    assert hits[0]["pith_number"] == MXNET
    assert hits[0]["score"] < hits[1]["score"]


@pytest.mark.parametrize("identifier", ["9999.99999", "", "nonsense", "\x1b[31m", "x" * 10_000])
def test_an_unknown_name_says_which_are_known(
    samples_warehouse: Path, console: Console, identifier: str
) -> None:
    """An identifier of no paper ends with status 1 and lists the forms of a name."""
    finished = console("show", identifier, "--warehouse", samples_warehouse)
    assert (finished.code, finished.output) == (1, "")
    assert "an arXiv id (1512.01274" in finished.errors
    assert "\x1b" not in finished.errors
    assert len(finished.errors) < 500


def test_bytes_that_are_no_text_name_nothing(samples_warehouse: Path, console: Console) -> None:
    """An argument of bytes that are no UTF-8 is an unknown name like any other."""
    finished = console("show", "1512.01274\udcff", "--warehouse", samples_warehouse)
    assert finished.code == 1


def test_hostile_texts_are_harmless(tmp_path: Path, console: Console) -> None:
    """Control characters and line breaks of a document never reach the terminal."""
    record = next(
        document
        for document in (orjson.loads(path.read_bytes()) for path in sorted(SAMPLES.iterdir()))
        if document.get("pith_number") == MXNET
    )
    text = json.dumps(record)
    evil = "\x1b[2J\x9b31m\u202eevil\nTrust: proven"
    for key in ("title", "abstract", "authors", "citing_title"):
        text = re.sub(
            rf'("{key}[a-z_]*": )"(?:[^"\\]|\\.)*"',
            lambda match: match[1] + json.dumps(evil),
            text,
        )
    assert text.count("evil") > 12
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "evil\x1b[2J.json").write_text(text, encoding="utf-8")
    build_warehouse(tmp_path / "warehouse", tmp_path / "in")
    finished = console("show", "pith:23I7M26R", "--warehouse", tmp_path / "warehouse")
    assert finished.code == 0
    assert "evil" in finished.output
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", finished.output)
    assert not re.search(r"^Trust: proven", finished.output, re.MULTILINE)
    as_json = console("show", "pith:23I7M26R", "--json", "--warehouse", tmp_path / "warehouse")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", as_json.output)
    assert json.loads(as_json.output)[0]["paper"]["title"] == evil
