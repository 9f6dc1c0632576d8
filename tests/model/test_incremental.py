"""Builds that keep rows of the last snapshot make the tables that modelling all would."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import msgspec
import pytest

from pipeline.documents.keyring import Keyring, PinnedKey, load
from pipeline.duck import Connection
from pipeline.jobs.check import check_findings, check_tables, open_snapshot
from pipeline.limits import MAX_LISTED, MAX_PLACES
from pipeline.model import incremental, ranges
from pipeline.model.ranges import create_key
from pipeline.resources import default_keyring
from pipeline.synth.dump import Plan, write
from pipeline.warehouse import snapshot
from pipeline.warehouse.snapshot import Last
from tests.building import build_warehouse, rows
from tests.cases.forge import bundle_of
from tests.cases.make_cases import OWN, plain
from tests.faults import faulty
from tests.paths import REPO, SAMPLES
from tests.site import Site, synthetic, tables


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sequence[Path], Keyring]:
    """Return documents with every defect that there is a case or a way of tampering for."""
    folder = tmp_path_factory.mktemp("pool")
    write(Plan(25, folder, tamper=0.3, events=(2, 9)), workers=1)
    cases = [
        file
        for file in (REPO / "tests" / "cases").glob("*_*/*")
        if file.suffix not in (".txt", ".zip")
    ]
    keyrings = [default_keyring(), folder / "keyring.json"]
    keyrings += [file for file in cases if file.name == "keyring.json"]
    documents = [*SAMPLES.iterdir(), *(folder / "documents").rglob("*.json")]
    documents += [file for file in cases if file.name not in ("keyring.json", "expected.json")]
    keys = {key.public_key_b64: key for file in keyrings for key in load(file).keys}
    return sorted(documents), Keyring(tuple(keys.values()))


def _step(source: Path, documents: Sequence[Path], chance: random.Random) -> None:
    """Remove, add, exchange and move some documents."""
    present = sorted(source.iterdir())
    for file in chance.sample(present, len(present) // 8):
        file.unlink()
    for file in chance.sample(present, min(2, len(present))):
        if file.exists():
            file.rename(source / f"moved-{chance.random()}.json")
    for number, document in enumerate(chance.sample(documents, 12)):
        # one name for several contents in turn, some of them broken
        name = chance.choice([f"{chance.random()}", f"{number}"])
        content = document.read_bytes()
        cut = content[: len(content) // 2] if chance.random() < 0.1 else content
        (source / f"{name}.json").write_bytes(cut)


#: The seeds of the test below: one takes seconds; a few dozen reach the faults of all fields.
_FAULT_SEEDS = range(int(os.environ.get("PITH_FAULT_SEEDS", "1")))


@pytest.mark.parametrize("seed", _FAULT_SEEDS)
def test_whatever_fields_lack_the_tables_are_those_of_any_other_build(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds that keep rows and one of all at once agree, and so does the audit of each."""
    chance, source = random.Random(seed), tmp_path / "source"  # noqa: S311 - no secret
    source.mkdir()
    write(Plan(30, tmp_path, seed=seed, events=(2, 4)), workers=1)
    ours = msgspec.convert(OWN.pinned(), PinnedKey)
    theirs = load(tmp_path / "keyring.json").keys
    keyring = Keyring((*load(default_keyring()).keys, *theirs, ours))
    papers = sorted((tmp_path / "documents").rglob("*.json"))
    documents = list(faulty(chance, 15, papers))
    chance.shuffle(documents)
    # most at once, then a few at a time, so that there is something to keep
    later = [documents[step : len(documents) // 4 : 2] for step in range(2)]
    for step, added in enumerate([documents[len(documents) // 4 :], *later]):
        for file in chance.sample(sorted(source.iterdir()), 3 * min(step, 1)):
            file.unlink()
        for number, raw in enumerate(added):
            (source / f"{step}-{number}.json").write_bytes(raw)
        for warehouse, most in ((tmp_path / "kept", 1.0), (tmp_path / f"whole-{step}", -1.0)):
            # the first build of a warehouse is of all at once
            if step or most > 0:
                monkeypatch.setattr(incremental, "MOST", most)
                build_warehouse(warehouse, source, keyring=keyring)
        assert not step or tables(tmp_path / "kept") == tables(tmp_path / f"whole-{step}")
        assert _fails(tmp_path / "kept") == []


def test_a_stale_document_that_staging_lost_leaves_no_row(tmp_path: Path) -> None:
    """Stale rows are removed when nothing says any more which document they stood in for."""
    site = synthetic(tmp_path, papers=20, tamper=0)
    site.build()
    broken = next(site.mirror.rglob("*.json"))
    site.put(str(broken.relative_to(site.mirror)), broken.read_bytes()[:1000])
    site.build()
    assert site.rows("select count(*) from documents where stale") == [(1,)]
    shutil.rmtree(site.warehouse / "staging")
    site.build()
    fresh = Site(tmp_path / "fresh")
    fresh.root.mkdir()
    shutil.copy(site.keyring, fresh.root)
    fresh.build(site.mirror)
    assert tables(site.warehouse) == tables(fresh.warehouse)


def _fails(warehouse: Path) -> list[str]:
    """Return the keys that repeat, and the checks that find another number than is published."""
    with duckdb.connect() as connection:
        open_snapshot(connection, warehouse, snapshot.current(warehouse))
        counted = "select code, sum(occurrences)::bigint from findings group by code"
        published = dict(connection.execute(counted).fetchall())
        repeated = [result.name for result in check_tables(connection) if not result.passed]
        return repeated + [
            result.name
            for result in check_findings(connection)
            if result.count != published.get(result.name, 0)
        ]


def test_copies_of_many_findings_come_and_go_as_in_any_other_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever places list findings and whichever count them, keeping rows changes no byte."""
    copy = msgspec.json.encode({**bundle_of(OWN, plain()), "events": [{}] * (2 * MAX_LISTED)})
    source = tmp_path / "source"
    shutil.copytree(SAMPLES, source)
    keyring = load(default_keyring())
    for step, (gone, added) in enumerate(
        [
            ([], range(2, MAX_PLACES + 1)),
            ([], range(MAX_PLACES + 1, MAX_PLACES + 5)),  # the last places only count
            ([3, 4], [0]),  # another place is the first, and other ones list
            (range(5, MAX_PLACES + 2), []),  # all list again
        ]
    ):
        for number in gone:
            (source / f"{number:02}.json").unlink()
        for number in added:
            (source / f"{number:02}.json").write_bytes(copy)
        for warehouse, most in ((tmp_path / "kept", 1.0), (tmp_path / f"whole-{step}", -1.0)):
            # the first build of a warehouse is of all at once
            if step or most > 0:
                monkeypatch.setattr(incremental, "MOST", most)
                build_warehouse(warehouse, source, keyring=keyring)
        assert not step or tables(tmp_path / "kept") == tables(tmp_path / f"whole-{step}")
        assert _fails(tmp_path / "kept") == []
        counted = "select count(*) from findings where occurrences > 1"
        assert rows(tmp_path / "kept", counted) != [(0,)]


@pytest.mark.parametrize(("seed", "most_papers"), [(0, ranges.MOST_PAPERS), (1, 12)])
def test_keeping_rows_makes_the_tables_that_modelling_all_would(
    tmp_path: Path,
    pool: tuple[Sequence[Path], Keyring],
    seed: int,
    most_papers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After any change, a build that keeps rows writes the same bytes as a full build."""
    documents, keyring = pool
    chance, source = random.Random(seed), tmp_path / "source"  # noqa: S311 - no secret
    source.mkdir()
    for number, document in enumerate(chance.sample(documents, 60)):
        shutil.copy(document, source / f"start-{number}.json")
    monkeypatch.setattr(ranges, "MOST_PAPERS", most_papers)
    kept = []
    changes = incremental.changes

    def counted(connection: Connection, previous: Last) -> bool:
        kept.append(changes(connection, previous))
        return kept[-1]

    monkeypatch.setattr(incremental, "changes", counted)
    for _ in range(4):
        for most in (-1.0, 1.0):
            monkeypatch.setattr(incremental, "MOST", most)
            build_warehouse(tmp_path / f"{most}", source, keyring=keyring)
        assert tables(tmp_path / "1.0") == tables(tmp_path / "-1.0")
        _step(source, documents, chance)
    assert kept.count(True) == kept.count(False) == 3


@pytest.mark.parametrize(("links", "pays"), [(3, True), (2000, True), (3000, False)])
def test_a_chain_of_links_is_followed_to_its_end(links: int, *, pays: bool) -> None:
    """All documents of a chain are touched, however long it is, unless they are too many."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table part_documents as
            select range as doc, 'paper ' || range as pith_number, null::varchar as sha256
            from range(10000);
            create table part_events as
            select
                range as doc, 'event ' || range as event_id, null::varchar as subject_pith_number,
                'event ' || (range + 1) as prev_event, '[]' as supersedes
            from range({links});
            create table part_states (doc bigint, pith_number varchar, applied_event_ids varchar[]);
            create table part_signatures (doc bigint, signature_b64 varchar);
            create table part_integrity (doc bigint, finding_id varchar, payload_sha256 varchar);
            create table live as select doc from part_documents;
            create table touched as select 0::bigint as doc;
            """  # noqa: S608 - a number of our own
        )
        create_key(connection)
        assert incremental.spread(connection) is pays
        touched = connection.execute("from touched order by doc").fetchall()
        assert touched == [(number,) for number in range(links)]


def test_a_link_to_a_number_reaches_the_papers_documents() -> None:
    """A document that links to nothing itself is touched where another names its paper."""
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table part_documents as
            select range as doc, 'pith:2020:AA' || range as pith_number, null::varchar as sha256
            from range(10);
            create table part_events as
            select
                0::bigint as doc, 'event' as event_id, 'pith:2020:AA1' as subject_pith_number,
                null::varchar as prev_event, '[]' as supersedes;
            create table part_states (doc bigint, pith_number varchar, applied_event_ids varchar[]);
            create table part_signatures (doc bigint, signature_b64 varchar);
            create table part_integrity (doc bigint, finding_id varchar, payload_sha256 varchar);
            create table live as select doc from part_documents;
            create table touched as select 0::bigint as doc;
            """
        )
        create_key(connection)
        assert incremental.spread(connection)
        touched = connection.execute("from touched order by doc").fetchall()
        assert touched == [(0,), (1,)]
