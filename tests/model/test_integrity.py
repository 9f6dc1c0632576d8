"""Findings of detectors: which statement counts, and what a changed document does to them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from pipeline import Warehouse
from pipeline.catalog import bound
from pipeline.documents.keyring import Keyring, PinnedKey
from pipeline.engine import records
from pipeline.jobs.build import BuildConfig, build
from pipeline.limits import DEFAULT, Limits
from pipeline.model import incremental
from pipeline.warehouse.papers import section_sql
from tests.building import rows
from tests.cases.forge import (
    Json,
    Key,
    bundle_of,
    canonical_record,
    found,
    integrity,
    integrity_event,
    manifest,
    number_of,
)
from tests.cases.make_cases import FORGER, OWN, plain
from tests.site import tables

_KEYRING = Keyring((msgspec.convert(OWN.pinned(), PinnedKey),))


def _hash(number: int) -> str:
    return f"{number:064}"


def _document(number: int) -> Json:
    """Return the integrity document of one of several papers, each with a finding of its own."""
    paper = f"2401.{number:05}"
    payload = found(_hash(number), arxiv_id=paper)
    return integrity(integrity_event(OWN, number, payload), pith_number=paper, arxiv_id=paper)


def _withdrawn(number: int, key: Key = OWN) -> Json:
    """Return an integrity document that withdraws the finding of one of the papers."""
    paper = f"2401.{number:05}"
    later = {"verdict_class": "rescinded", "audited_at": "2026-06-02T00:00:00Z"}
    payload = found(_hash(number), arxiv_id=paper, **later)
    made = integrity_event(key, 100 + number, payload)
    return integrity(made, pith_number=paper, arxiv_id=paper)


def _put(source: Path, name: str, document: Json | str) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    (source / name).write_text(text)


def _build(source: Path, warehouse: Path, keyring: Keyring = _KEYRING) -> None:
    build(BuildConfig([str(source)], warehouse, keyring, workers=1), lambda *_: None)


def _rescinded(warehouse: Path) -> list[tuple[object, ...]]:
    return rows(warehouse, "select evidence_hash::bigint from integrity_findings where rescinded")


def test_changed_vanished_and_broken_documents_leave_the_tables_of_any_other_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each night, a build that keeps rows writes the same tables as a full build."""
    source, warehouse = tmp_path / "source", tmp_path / "1.0"
    source.mkdir()

    def night() -> None:
        for most in (1.0, -1.0):
            monkeypatch.setattr(incremental, "MOST", most)
            _build(source, tmp_path / f"{most}")
        assert tables(warehouse) == tables(tmp_path / "-1.0")

    for number in range(8):
        _put(source, f"{number}.json", _document(number))
    _put(source, "mirrors.json", manifest(OWN))
    night()
    # a withdrawal comes, and its finding's own document breaks; another vanishes
    _put(source, "later.json", _withdrawn(3))
    _put(source, "forged.json", _withdrawn(4, FORGER))
    _put(source, "3.json", json.dumps(_document(3))[:500])
    (source / "5.json").unlink()
    night()
    assert _rescinded(warehouse) == [(3,)]
    assert rows(warehouse, "select count(*) from integrity_findings") == [(7,)]
    stale = "select path from documents where stale"
    assert rows(warehouse, stale) == [(str(source / "3.json"),)]
    # the withdrawal goes, the broken document is whole again, and the manifest changes
    (source / "later.json").unlink()
    _put(source, "3.json", _document(3))
    _put(source, "mirrors.json", manifest(OWN, FORGER))
    night()
    assert _rescinded(warehouse) == []
    trusts = rows(warehouse, "select key_trust from mirrors order by 1")
    assert trusts == [("pinned",), ("untrusted",)]


def test_names_that_a_query_could_misread_are_kept(tmp_path: Path) -> None:
    """Hostile names of detectors stay as they are, and odd counts give only a count mismatch."""
    names = ['a"b', "a/b~c", "$.x[*]", "a.b", "", "\\", "'; --"]
    values: list[object] = [1, "1", 2**63, 1.5, None, [], {"x": 1}]
    counts = dict(zip(names, values, strict=True))
    document = _document(1)
    report = document["integrity"]
    report["summary"] = {"critical": 2**63 - 1, "by_detector": counts}
    report["findings"] = [{**report["findings"][0], "detector": name} for name in names]
    report["detectors_run"] = [{"name": name, "findings_count": 1} for name in names]
    (tmp_path / "source").mkdir()
    for number, by_detector in enumerate([counts, names, 5, "x", None]):
        report["summary"]["by_detector"] = by_detector
        _put(tmp_path / "source", f"{number}.json", document)
    _build(tmp_path / "source", tmp_path / "warehouse")
    detectors = "select distinct detector from integrity_runs order by 1"
    assert rows(tmp_path / "warehouse", detectors) == [(name,) for name in sorted(names)]
    held = "select distinct code from findings where severity <> 'info'"
    assert rows(tmp_path / "warehouse", held) == [("integrity_count_mismatch",)]


def test_a_key_that_is_pinned_later_makes_its_findings_count(tmp_path: Path) -> None:
    """The status of its signatures, and whether a withdrawal counts, follow each new keyring."""
    source, warehouse = tmp_path / "source", tmp_path / "warehouse"
    source.mkdir()
    _put(source, "1.json", _document(1))
    _put(source, "later.json", _withdrawn(1))
    status = "select signature_status, rescinded from integrity_findings"
    _build(source, warehouse, Keyring(()))
    assert rows(warehouse, status) == [("unknown_key", False)]
    _build(source, warehouse)
    assert rows(warehouse, status) == [("digest_unproven", True)]
    ended = msgspec.structs.replace(_KEYRING.keys[0], valid_until="2020-01-01T00:00:00Z")
    _build(source, warehouse, Keyring((ended,)))
    assert rows(warehouse, status) == [("untrusted_key", False)]


def test_the_batch_in_which_a_document_stands_changes_no_byte(tmp_path: Path) -> None:
    """Documents staged one at a time make the tables that they make together."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        _put(source, f"{number}.json", _document(number))
        _put(source, f"later-{number}.json", _withdrawn(number))
    _put(source, "mirrors.json", manifest(OWN))
    for name, limits in {"one": Limits(batch_documents=1), "all": DEFAULT}.items():
        config = BuildConfig([str(source)], tmp_path / name, _KEYRING, 1, limits)
        build(config, lambda *_: None)
    assert tables(tmp_path / "one") == tables(tmp_path / "all")


def test_a_later_finding_stands_again_after_its_withdrawal(tmp_path: Path) -> None:
    """The latest signed statement decides, though its document comes first."""
    source = tmp_path / "source"
    source.mkdir()
    again = found(_hash(1), arxiv_id="2401.00001", audited_at="2026-06-03T00:00:00Z")
    _put(source, "a.json", integrity(integrity_event(OWN, 200, again)))
    _put(source, "b.json", _withdrawn(1))
    _put(source, "c.json", _document(1))
    _build(source, tmp_path / "warehouse")
    told = "select rescinded, audited_at::varchar, statements from integrity_findings"
    assert rows(tmp_path / "warehouse", told) == [(False, "2026-06-03 00:00:00", 5)]


def test_the_page_of_a_paper_and_the_worked_query_tell_what_detectors_found(
    tmp_path: Path,
) -> None:
    """A finding is found by the arXiv id of its paper, though no number stands in its document."""
    source = tmp_path / "source"
    source.mkdir()
    _put(source, "bundle.json", bundle_of(OWN, plain()))
    _put(source, "integrity.json", _document(1))
    _put(source, "other.json", _document(2))
    _build(source, tmp_path / "warehouse")
    with Warehouse(tmp_path / "warehouse") as warehouse:
        query, values = bound("standing_integrity", {"severity": "critical"})
        asked = warehouse.connection.execute(query, values).fetchall()
        number = number_of(canonical_record())
        assert [row[0] for row in asked] == ["2401.00001", "2401.00002"]
        shown = records(warehouse.connection, section_sql("integrity"), {"number": number})
        assert [row["finding_id"] for row in shown] == [_hash(1)]
