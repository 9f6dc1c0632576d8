"""Synthetic dumps look like the real documents, and are as consistent as these."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from pipeline.cli.main import cli
from pipeline.documents.canonical import text_digest
from pipeline.documents.keyring import load
from pipeline.documents.signatures import decode_base64, holds
from pipeline.errors import UsageError
from pipeline.synth import command
from pipeline.synth.documents import Draft
from pipeline.synth.dump import Plan, SynthError, write
from pipeline.synth.papers import MAX_PAPERS, Paper, arxiv_id, paper
from pipeline.synth.signer import Signer
from pipeline.vocabulary import PAPER_KINDS, Kind
from tests.building import build_warehouse, rows
from tests.paths import SAMPLES
from tests.site import members, start, workers

_SEVERE = "select code, path, pointer from findings where severity <> 'info' order by all"


def _papers(count: int = 300) -> list[Paper]:
    return [paper(0, index, count) for index in range(count)]


def _draft(facts: Paper, event_count: int = 2) -> Draft:
    return Draft(facts, Signer(), event_count, lambda: ("1501.00001", "pith:2015:A", "On X"))


def _files(directory: Path) -> dict[str, bytes]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def _warehouse(plan: Plan) -> Path:
    """Write a dump and build it with its own keyring."""
    write(plan, 1)
    target = plan.directory / "warehouse"
    keyring = load(plan.directory / "keyring.json")
    build_warehouse(target, plan.directory / "documents", keyring=keyring)
    return target


# -- as the real documents --------------------------------------------------------------------


def _key_order(value: object, pointer: str = "") -> list[str]:
    """Return the paths of an object's keys in the order in which they stand."""
    if isinstance(value, list):
        return _key_order(value[0], f"{pointer}/*") if value else []
    if not isinstance(value, dict):
        return []
    return [
        path
        for key, item in value.items()
        for path in (f"{pointer}/{key}", *_key_order(item, f"{pointer}/{key}"))
    ]


@pytest.mark.parametrize(("kind", "number"), [("record", 0), ("state", 1), ("bundle", 2)])
def test_keys_are_those_of_a_real_document(kind: str, number: int) -> None:
    """A document has the keys of a real one, in its order, down to the last object."""
    # a paper without claims, like the real ones; cited, like the real record
    draft = _draft(next(p for p in _papers() if not p.claims and p.citing))
    raw = {"record": draft.record(), "bundle": draft.bundle(), "state": draft.state}[kind]
    real = next(SAMPLES.glob(f"00{number}_*")).read_bytes()
    assert _key_order(orjson.loads(raw)) == _key_order(orjson.loads(real))


def test_bytes_are_in_the_style_of_the_real_ones() -> None:
    """A document is compact JSON with raw non-ASCII letters and no line break, as real ones."""
    for facts in _papers(40):
        draft = _draft(facts)
        for raw in (draft.record(), draft.bundle(), draft.state):
            assert orjson.dumps(orjson.loads(raw)) == raw


def test_sizes_are_those_of_real_documents() -> None:
    """On average a bundle has about 13 KB, a record 8 and a state 5."""
    drafts = [_draft(facts) for facts in _papers(60)]
    sizes = [
        sum(len(raw(draft)) for draft in drafts) / len(drafts)
        for raw in (Draft.bundle, Draft.record, lambda draft: draft.state)
    ]
    assert sizes == pytest.approx([13_400, 7_900, 5_200], rel=0.15)


def test_texts_hold_what_trips_programs() -> None:
    """Papers have LaTeX and non-ASCII in titles, abstracts and authors, of every length."""
    papers = _papers()
    for texts in ([p.title for p in papers], [p.abstract for p in papers]):
        assert any("$" in text for text in texts)
        assert not all(text.isascii() for text in texts)
    assert any("\\" in p.authors for p in papers)
    assert {len(p.abstract) > 600 for p in papers} == {True, False}
    assert any(p.authors.count(", ") == 0 for p in papers)
    assert {p.license == "" for p in papers} == {True, False}
    assert any("T00:00:00Z" in p.submitted_at for p in papers)


def test_papers_spread_over_years_categories_and_identifiers() -> None:
    """300 papers span over 30 years and 15 categories, both styles of id, and some versions."""
    papers = _papers()
    assert len({p.submitted_at[:4] for p in papers}) > 30
    assert len({p.primary_cat for p in papers}) > 15
    assert {"/" in p.source_id for p in papers} == {True, False}
    versions = Counter(p.source_id for p in papers)
    assert set(versions.values()) == {1, 3}
    assert len({(p.source_id, p.version) for p in papers}) == len(papers)


def test_identifiers_are_unique_up_to_the_largest_dump() -> None:
    """No two works share an arXiv id, and each id has the form of its month."""
    works = [*range(9000), *range(MAX_PAPERS - 9000, MAX_PAPERS)]
    ids = {arxiv_id(work) for work in works}
    assert len(ids) == len(works)
    style = re.compile(
        r"[a-z-]+/(9[2-9]|0[0-7])(0[1-9]|1[0-2])\d{3}"
        r"|(0[7-9]|1[0-4])(0[1-9]|1[0-2])\.\d{4}|(1[5-9]|2[0-5])(0[1-9]|1[0-2])\.\d{5}"
    )
    assert [name for name in ids if not style.fullmatch(name)] == []


def test_the_excerpt_is_cut_and_the_digest_is_of_the_whole_abstract() -> None:
    """A document carries 600 characters of an abstract and the digest of all of it."""
    facts = next(p for p in _papers() if len(p.abstract) > 600)
    record = orjson.loads(_draft(facts).record())
    assert record["paper"]["abstract_excerpt"] == facts.abstract[:600]
    stated = record["canonical_record"]["metadata"]["abstract_canon_sha256"]
    assert stated == text_digest(facts.abstract)


def test_papers_are_cited_by_later_papers_of_the_dump() -> None:
    """Each citing paper is in the dump, by id and title, and no older than the one it cites."""
    papers = _papers()
    known = {(p.source_id, p.title): p for p in papers if p.version == 1}
    citations = [(p, citation) for p in papers for citation in p.citing]
    assert len(citations) > 100
    for cited, citation in citations:
        citing = known[citation.arxiv_id, citation.title]
        assert citing.submitted_at >= cited.submitted_at or cited.version > 1
    assert all(p.citing_count >= len(p.citing) for p in papers)


def test_a_repeated_nonce_makes_a_valid_signature() -> None:
    """A signature by a chosen nonce holds, and two of them share their first half."""
    signer, digests = Signer(), ("11" * 32, "22" * 32)
    made = [decode_base64(signer.sign_with_nonce(digest, b"n"), 64) for digest in digests]
    for digest, signature in zip(digests, made, strict=True):
        assert signature is not None
        assert holds(signer.public_key, bytes.fromhex(digest), signature)
    assert len({signature and signature[:32] for signature in made}) == 1


# -- what is written --------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_documents(tmp_path: Path) -> None:
    """Neither the layout nor the number of processes changes a byte of a document."""
    kinds: tuple[Kind, ...] = ("record",)
    count = 1001
    write(Plan(count, tmp_path / "one", kinds=kinds, tamper=0.1), 1)
    write(Plan(count, tmp_path / "two", kinds=kinds, tamper=0.1), 2)
    write(Plan(count, tmp_path / "lines", kinds=kinds, tamper=0.1, layout="ndjson"), 1)
    one = _files(tmp_path / "one")
    assert one == _files(tmp_path / "two")
    (lines,) = (tmp_path / "lines" / "documents").iterdir()
    documents = [raw for name, raw in one.items() if name.startswith("documents")]
    assert sorted(lines.read_bytes().splitlines()) == sorted(documents)
    assert len(documents) == count


def test_another_seed_gives_other_papers() -> None:
    """Two seeds share no title and no Pith number."""
    mine, other = ([paper(seed, index, 50) for index in range(50)] for seed in (1, 2))
    assert not {p.title for p in mine} & {p.title for p in other}
    numbers = [{_draft(p).pith_number for p in papers} for papers in (mine, other)]
    assert not numbers[0] & numbers[1]


def test_no_directory_holds_more_than_a_thousand_files(tmp_path: Path) -> None:
    """Documents are spread over directories by kind and thousands."""
    write(Plan(1001, tmp_path, kinds=("record",)), 1)
    folders = Counter(path.parent.name for path in tmp_path.rglob("*.json"))
    assert folders == {"0000": 1000, "0001": 1, tmp_path.name: 1}


def test_a_dump_never_mixes_with_another(tmp_path: Path) -> None:
    """A directory that holds documents already is refused."""
    write(Plan(1, tmp_path), 1)
    with pytest.raises(UsageError, match="not empty"):
        write(Plan(1, tmp_path), 1)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """If the directory cannot be made, the message says that the dump cannot be written."""
    (tmp_path / "file").touch()
    with pytest.raises(SynthError, match="cannot write the dump"):
        write(Plan(1, tmp_path / "file"), 1)


def test_a_killed_process_is_said(tmp_path: Path) -> None:
    """The system may kill one of the processes that write a dump: the message says so."""
    process = start("synth", 100_000, tmp_path / "dump")
    try:
        # it may be at work, or just being started
        while not (found := workers(process.pid)):
            assert process.poll() is None
        os.kill(found[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
    finally:
        if members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 1
    assert errors.startswith(f"pith-etl: a process that wrote {tmp_path / 'dump'} was killed")


@pytest.mark.parametrize(
    ("kinds", "tamper", "events", "message"),
    [
        ("record,letter", 0.0, "2-2", "letter"),
        ("", 0.0, "2-2", "--kinds"),
        ("bundle", 0.0, "1-2", "--events"),
        ("bundle", 0.0, "3-2", "--events"),
        ("bundle", 0.0, "2-101", "--events"),
        ("bundle", 0.0, "2", "--events"),
        ("record,bundle,state", 0.4, "2-2", "at most one"),
    ],
)
def test_wrong_options_are_refused(
    tmp_path: Path, kinds: str, tamper: float, events: str, message: str
) -> None:
    """An option that cannot be followed is named, and nothing is written."""
    with pytest.raises(UsageError, match=message):
        command.run(1, tmp_path / "dump", 0, "files", kinds, tamper, events)
    assert not (tmp_path / "dump").exists()


def test_the_command_writes_a_dump(tmp_path: Path) -> None:
    """`pith-etl synth` writes documents, keyring and list, and names the next command."""
    result = CliRunner().invoke(cli, ["synth", "3", str(tmp_path), "--tamper", "0.3"])
    assert result.exit_code == 0, result.output
    assert "9 documents of 3 papers" in result.output
    assert f"pith-etl build {tmp_path}/documents --keyring {tmp_path}/keyring.json" in result.output
    assert {path.name for path in tmp_path.iterdir()} == {
        "documents",
        "keyring.json",
        "tampered.jsonl",
    }


# -- as the tables see it ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the warehouse of an untampered dump of 48 papers, as it is made by default."""
    return _warehouse(Plan(48, tmp_path_factory.mktemp("plain")))


def test_an_untampered_dump_is_clean(plain: Path) -> None:
    """Every digest, number and signature of a dump is verified, and nothing is found."""
    assert rows(plain, _SEVERE) == []
    assert rows(plain, "select distinct status from signatures") == [("valid",)]
    assert rows(plain, "select distinct number_status, title_status from papers") == [
        ("verified", "verified")
    ]
    assert rows(plain, "select distinct merge_status from states") == [("reproduced",)]


def test_the_documents_of_a_paper_are_one_paper(plain: Path) -> None:
    """Record, bundle and state of one paper are one row, which comes from the bundle."""
    assert rows(
        plain,
        "select count(*), min(len(other_documents)), max(len(other_documents)), "
        "any_value(document_kind) from papers",
    ) == [(48, 2, 2, "bundle")]


def test_every_citing_paper_is_resolved(plain: Path) -> None:
    """Each citing arXiv id leads to a Pith number of the dump."""
    assert rows(
        plain,
        "select count(*) > 20, count(*) = count(paper.pith_number) from citations "
        "left join papers as paper on citing_pith_number = paper.pith_number",
    ) == [(True, True)]


@pytest.mark.parametrize("kinds", [(kind,) for kind in PAPER_KINDS])
def test_one_kind_alone_is_clean(tmp_path: Path, kinds: tuple[Kind, ...]) -> None:
    """A dump of one kind of document, with events of many types, gives no finding either."""
    warehouse = _warehouse(Plan(12, tmp_path, kinds=kinds, events=(2, 9), layout="ndjson"))
    assert rows(warehouse, _SEVERE) == []
    assert rows(warehouse, "select count(*) from papers") == [(12,)]


# -- with many events -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the warehouse of 24 papers whose bundles hold 8 events each."""
    return _warehouse(Plan(24, tmp_path_factory.mktemp("eventful"), events=(8, 8)))


def test_unseen_events_are_kept_and_not_merged(eventful: Path) -> None:
    """Events of unseen types are valid rows, and their states are not called wrong."""
    assert rows(eventful, _SEVERE) == []
    assert rows(eventful, "select distinct merge_status from states") == [("not_reproducible",)]
    kinds = rows(eventful, "select kind, count(*) from attestations group by kind order by kind")
    assert kinds == [
        ("author_attestation", 24),
        ("citation_signature", 24),
        ("correction", 24),
        ("replication_record", 24),
        ("storage_attestation", 24),
        ("timestamp_anchor", 24),
    ]


def test_events_are_chained(eventful: Path) -> None:
    """Each event after the second follows another, and a correction supersedes the snapshot."""
    assert rows(
        eventful,
        "select count(*) from events as event join events as previous "
        "on event.prev_event = previous.event_id and event.pith_number = previous.pith_number",
    ) == [(24 * 6,)]
    assert rows(
        eventful,
        "select distinct event.event_type, older.event_type from events as event "
        "join events as older on event.supersedes = '[\"' || older.event_id || '\"]'",
    ) == [("correction", "graph_snapshot")]


#: Columns that are null for every real document and for every synthetic one, and why.
_NEVER_FILLED = {
    "documents.canonical_sha256": "only one that is not the digest recomputed is stated again",
    "documents.bundle_sha256": "only one that is not the digest recomputed is stated again",
    "states.state_sha256": "only one that is not the digest recomputed is stated again",
    "signatures.digest_stated": "only one that is not the digest recomputed is stated again",
    "events.content_sha256": "only one that is not the digest in the id is stated again",
    "events.content_sha256_computed": "only one that is not the digest in the id is told",
    "documents.reason": "only a document that is not read has one",
    "documents.pointer": "only a document that is refused has one",
    "documents.header": "only an integrity document or a mirror manifest has one",
    "findings.expected": "an untampered dump only has findings without an expected value",
    "states.merge_pointer": "only a state that differs from its events has one",
}


def _empty_columns(warehouse: Path) -> set[str]:
    """Return the columns without any value, as `table.column`."""
    columns = rows(
        warehouse,
        "select table_name, column_name from information_schema.columns "
        "where table_name in ('papers', 'aliases', 'events', 'citations', 'signatures', "
        "'documents', 'states', 'claims', 'attestations', 'authors', 'categories', 'keys', "
        "'findings', 'runs')",
    )
    return {
        f"{table}.{column}"
        for table, column in columns
        if rows(warehouse, f'select count("{column}") from {table}') == [(0,)]  # noqa: S608 - ours
    }


def test_every_column_that_real_documents_leave_empty_is_filled(
    samples_warehouse: Path, eventful: Path
) -> None:
    """A column that is null in the five samples has a value in a dump with all types of event."""
    empty = _empty_columns(samples_warehouse)
    assert len(empty) > 35
    assert empty & _empty_columns(eventful) == set(_NEVER_FILLED)
