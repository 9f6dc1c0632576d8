"""The checks of `sql/checks/`: each is raised by a conformance case, and none is idle."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline import catalog
from tests.building import build_warehouse
from tests.paths import REPO, SAMPLES

_CASES = REPO / "tests" / "cases"


def _expected(case: Path) -> list[tuple[str, str]]:
    found = json.loads(case.read_bytes())["findings"]
    return [(item["code"], item["severity"]) for item in found]


#: What a case cannot show, because it takes an earlier build.
_OF_TWO_BUILDS = {("document_stale", "warning")}


def test_every_check_is_raised_by_a_conformance_case() -> None:
    """Every code of a check is expected by at least one case, in its severity."""
    raised = {pair for case in _CASES.glob("*/expected.json") for pair in _expected(case)}
    checks = {(check.code, check.severity) for check in catalog.checks()}
    assert raised <= checks
    assert checks - raised <= _OF_TWO_BUILDS


def test_equal_copies_are_not_outdated(tmp_path: Path) -> None:
    """Two copies that are equally good and equally old are no finding against either."""
    (sample,) = SAMPLES.glob("000*")
    raw = sample.read_bytes()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "one.json").write_bytes(raw)
    (tmp_path / "source" / "two.json").write_bytes(raw + b"\n")
    summary = build_warehouse(tmp_path / "warehouse", tmp_path / "source")
    assert summary.documents == {"record": 2}
    assert summary.codes == {}
