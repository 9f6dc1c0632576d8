"""Tables in ranges of any size hold the rows of modelling everything at once."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import catalog
from pipeline.documents.keyring import load
from pipeline.duck import parquet
from pipeline.jobs.build import BuildConfig, build
from pipeline.model import ranges
from pipeline.model.groups import Groups
from pipeline.model.ranges import EVERYTHING, Range, range_of, split
from pipeline.stage.order import KEYS, number_key
from pipeline.synth.dump import Plan, write
from pipeline.warehouse import snapshot
from tests.building import build_warehouse
from tests.site import tables

#: The last key of a number.
_LAST = (9999 << 10) + 1023

_PAPERS = st.dictionaries(st.integers(0, _LAST), st.integers(1, 9), max_size=60)


@given(_PAPERS, st.integers(1, 20))
def test_ranges_hold_every_number_once(papers: dict[int, int], most: int) -> None:
    """They follow each other from the first key to the last, and none has too many papers."""
    found = split(sorted(papers.items()), most)
    assert [one.low for one in found] == [0, *(one.high for one in found[:-1])]
    assert found[-1].high == KEYS
    assert sorted(one.name for one in found) == [one.name for one in found]
    for one in found:
        keys = [key for key in papers if one.low <= key < one.high]
        assert sum(papers[key] for key in keys) <= most or len(keys) == 1
    for key in papers:
        assert range_of(key, found).low <= key < range_of(key, found).high


@given(_PAPERS, st.integers(1, 20), st.integers(0, 2**31))
def test_new_papers_leave_the_bounds_of_others(
    papers: dict[int, int], most: int, first: int
) -> None:
    """Papers after all others change no bound below the last range."""
    found = split(sorted(papers.items()), most)
    last = max(papers, default=0)
    later = {key: 1 for key in (last + 1 + first % 9, last + 20) if key <= _LAST}
    more = split(sorted({**papers, **later}.items()), most)
    kept = [one.low for one in found if one.low <= last]
    assert [one.low for one in more][: len(kept) - 1] == kept[:-1]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"))))
def test_groups_join_what_is_tied(ties: list[tuple[str, str]]) -> None:
    """Two names are one group if and only if ties lead from one to the other."""
    groups, reach = Groups(ties), {name: {name} for name in "abcdefgh"}
    for _ in reach:
        for one, other in ties:
            joined = reach[one] | reach[other]
            for name in joined:
                reach[name] |= joined
    for one, other in [(one, other) for one in reach for other in reach]:
        assert (groups.of(one) == groups.of(other)) == (other in reach[one])


@pytest.mark.parametrize("seed", range(1))
def test_ranges_of_another_size_hold_the_same_rows(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ties papers of several ranges together, and however many workers share them."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    write(Plan(24, tmp_path, seed=seed, tamper=0.3, events=(2, 4)), workers=1)
    source = tmp_path / "documents"
    papers = sorted(source.rglob("*.json"))
    for number, document in enumerate(_tying(chance, papers, 24)):
        (source / f"tie-{number}.json").write_text(json.dumps(document))
    keyring = load(tmp_path / "keyring.json")
    found = []
    for most, workers in ((ranges.MOST_PAPERS, 1), (8, 1), (8, 2)):
        monkeypatch.setattr(ranges, "MOST_PAPERS", most)
        warehouse = tmp_path / f"{most}-{workers}"
        build_warehouse(warehouse, source, keyring=keyring, workers=workers)
        found.append(snapshot.current(warehouse))
    whole, divided, shared = found
    assert tables(tmp_path, divided) == tables(tmp_path, shared)
    assert len(snapshot.manifest(divided).ranges) > 3
    with duckdb.connect() as connection:
        for name in catalog.tables():
            if name != "runs":
                rows = [parquet(snapshot.table_files(one, name)) for one in (whole, divided)]
                for one, other in (rows, rows[::-1]):
                    differ = f"select count(*) from (from {one} except all from {other})"  # noqa: S608 - our own
                    assert connection.execute(differ).fetchall() == [(0,)], name
    assert snapshot.manifest(whole).ranges == [EVERYTHING]
    _all_in_their_ranges(divided)


def test_a_range_that_is_done_leaves_no_copy_of_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the inputs, and the rows of the tables that are finished later, are left of a range."""
    write(Plan(24, tmp_path), workers=1)
    monkeypatch.setattr(ranges, "MOST_PAPERS", 8)
    warehouse = tmp_path / "warehouse"
    left: set[str] = set()

    def look(stage: str, done: int, total: int) -> None:
        if stage == "model" and done == total:
            left.update(place.name for place in warehouse.rglob("ranges/*/*"))

    keyring = load(tmp_path / "keyring.json")
    build(BuildConfig([str(tmp_path / "documents")], warehouse, keyring, 1), look)
    expected = {"inputs.parquet", *(f"document_{name}.parquet" for name in catalog.finished())}
    assert left == expected


def _tying(chance: random.Random, papers: Sequence[Path], count: int) -> Iterator[dict[str, Any]]:
    """Yield documents that hold what belongs to another paper."""
    bundles = [json.loads(path.read_bytes()) for path in papers if "bundle" in path.parts]
    bundles = [bundle for bundle in bundles if bundle.get("events")]
    for _ in range(count):
        one, other = copy.deepcopy(chance.sample(bundles, 2))
        event = chance.choice(one["events"])
        stranger = chance.choice(other["events"])
        match chance.randrange(5):
            case 0:
                one["events"].append(stranger)
            case 1:
                event["subject_pith_number"] = other["pith_number"]
            case 2:
                event["prev_event"] = stranger.get("event_id")
            case 3:
                event["signature"] = stranger.get("signature")
            case _:
                one["state"] = other.get("state")
        yield one


def _all_in_their_ranges(folder: Path) -> None:
    """Assert that the number of every row is in the range of its file."""
    bounds = [Range(*one) for one in snapshot.manifest(folder).ranges]
    for name, table in catalog.tables().items():
        if table.kept_by and table.number != "null":
            for one in bounds:
                file = snapshot.table_file(folder, name, one.name)
                for number in pq.read_table(file, columns=[table.number])[0].to_pylist():
                    assert one.low <= number_key(number) < one.high, (name, number)
