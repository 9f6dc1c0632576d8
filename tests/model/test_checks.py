"""The checks of `sql/checks/`: conformance cases raise them, and none multiplies rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import catalog
from pipeline.duck import literal, row_of
from pipeline.jobs.check import open_snapshot
from pipeline.resources import sql
from pipeline.warehouse import snapshot
from tests.building import build_warehouse
from tests.paths import REPO, SAMPLES
from tests.site import synthetic

_CASES = REPO / "tests" / "cases"


def _expected(case: Path) -> list[tuple[str, str]]:
    found = json.loads(case.read_bytes())["findings"]
    return [(item["code"], item["severity"]) for item in found]


#: Findings that no case can show, because they need an earlier build.
_OF_TWO_BUILDS = {("document_stale", "warning")}


def test_every_check_is_raised_by_a_conformance_case() -> None:
    """A case expects each check in its severity, but for those that need two builds."""
    raised = {pair for case in _CASES.glob("*/expected.json") for pair in _expected(case)}
    checks = {(check.code, check.severity) for check in catalog.checks()}
    assert raised <= checks
    assert checks - raised <= _OF_TWO_BUILDS


def test_equal_copies_are_not_outdated(tmp_path: Path) -> None:
    """Two copies that are equally good and equally old give no finding."""
    (sample,) = SAMPLES.glob("000*")
    raw = sample.read_bytes()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "one.json").write_bytes(raw)
    (tmp_path / "source" / "two.json").write_bytes(raw + b"\n")
    summary = build_warehouse(tmp_path / "warehouse", tmp_path / "source")
    assert summary.documents == {"record": 2}
    assert summary.codes == {}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse of 200 papers with a record, a bundle and a state each."""
    site = synthetic(tmp_path_factory.mktemp("mirror"), papers=200, tamper=0)
    site.build()
    return site.warehouse


def test_nothing_multiplies_documents(mirror: Path, tmp_path: Path) -> None:
    """No step of a model or a check makes more than four rows for each staged alias."""
    profile = tmp_path / "profile.txt"
    with duckdb.connect() as connection:
        open_snapshot(connection, mirror, snapshot.current(mirror))
        connection.execute(f"set profiling_output = {literal(str(profile))}")
        (largest,) = row_of(connection, "select count(*) from staged_aliases")
        connection.execute("create table state_differences (doc bigint, pointer varchar)")
        steps = {name: catalog.model_sql(name) for name in (*catalog.modelled(), "keys")}
        steps["citations"] = sql("session", "document_citations")
        for name, query in {**steps, **{c.code: c.sql for c in catalog.checks()}}.items():
            connection.execute("set enable_profiling = 'json'")
            connection.execute(query).fetchall()
            connection.execute("pragma disable_profiling")
            most = max(_rows(json.loads(profile.read_text())))
            assert most <= 4 * largest, name


def _rows(step: Any) -> Iterator[int]:  # noqa: ANN401 - a part of a profile, of any shape
    if isinstance(step, dict):
        yield step.get("intermediate_rows", 0)
    for part in step.values() if isinstance(step, dict) else step:
        if isinstance(part, dict | list):
            yield from _rows(part)
