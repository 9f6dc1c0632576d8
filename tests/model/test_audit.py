"""Findings are exact in number, and bounded in rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import catalog
from pipeline.duck import connect
from pipeline.errors import ModelError
from pipeline.limits import MAX_LISTED, MAX_PLACES
from pipeline.model.audit import collect
from tests.building import build_warehouse, rows
from tests.console import Console

_EVENTS, _COPIES = 3 * MAX_LISTED, MAX_PLACES + 3


def _hostile(events: int) -> bytes:
    document = {
        "bundle_type": "pith_open_graph_bundle",
        "pith_number": "f",
        "canonical_record": {"source": {}, "metadata": {}},
        "events": [{}] * events,
    }
    return json.dumps(document).encode()


def test_findings_beyond_the_bounds_are_counted_and_not_listed(tmp_path: Path) -> None:
    """Findings up to the bounds are rows; at each place one row counts all others."""
    (tmp_path / "copies.jsonl").write_bytes(b"\n".join([_hostile(_EVENTS)] * _COPIES))
    summary = build_warehouse(tmp_path / "warehouse", tmp_path / "copies.jsonl")
    found = rows(
        tmp_path / "warehouse",
        "select position, count(*), sum(occurrences)::bigint from findings "
        "where code = 'event_subject_mismatch' group by all order by all",
    )
    assert found == [
        (place, MAX_LISTED + 1 if place <= MAX_PLACES else 1, _EVENTS)
        for place in range(1, _COPIES + 1)
    ]
    assert summary.codes["event_subject_mismatch"] == _COPIES * _EVENTS
    # a single finding of a code is listed at every place
    single = rows(
        tmp_path / "warehouse",
        "select distinct count(*), pointer, actual from findings where code = 'number_mismatch' "
        "group by position, pointer, actual",
    )
    assert single == [(1, "/pith_number", "f")]


def test_as_many_findings_as_are_listed_are_listed(tmp_path: Path) -> None:
    """Exactly at the bounds, every finding is a row of its own at every place."""
    (tmp_path / "copies.jsonl").write_bytes(b"\n".join([_hostile(MAX_LISTED)] * MAX_PLACES))
    build_warehouse(tmp_path / "warehouse", tmp_path / "copies.jsonl")
    found = rows(
        tmp_path / "warehouse",
        "select count(*), count(distinct (position, pointer)), max(occurrences) from findings "
        "where code = 'event_subject_mismatch'",
    )
    assert found == [(MAX_LISTED * MAX_PLACES, MAX_LISTED * MAX_PLACES, 1)]


def test_verify_says_how_many_more_findings_there_are(tmp_path: Path, console: Console) -> None:
    """`verify` lists as many findings as the table does, and then the number of the others."""
    (tmp_path / "one.json").write_bytes(_hostile(_EVENTS))
    finished = console("verify", tmp_path / "one.json", "--json")
    (document,) = json.loads(finished.output)["documents"]
    found = [one for one in document["findings"] if one["code"] == "event_subject_mismatch"]
    assert [one["occurrences"] for one in found] == [1] * MAX_LISTED + [_EVENTS - MAX_LISTED]
    more = f"event_subject_mismatch: {_EVENTS - MAX_LISTED} more like these\n"
    assert more in console("verify", tmp_path / "one.json").output


def test_a_check_that_does_not_run_is_an_error_with_its_code(tmp_path: Path) -> None:
    """A column that no finding has is named, so that the author of the check finds it."""
    with connect(tmp_path, 1) as connection:
        check = replace(catalog.checks()[0], code="mine", noted=False, sql="select 1 as nobody")
        with pytest.raises(ModelError, match=r"the check mine does not run: .*nobody"):
            collect(connection, 1, [check])
