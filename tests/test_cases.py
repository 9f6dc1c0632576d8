"""The conformance cases: documents, and every finding that they must give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.vocabulary import Severity
from tests.cases.make_cases import CASES, write
from tests.cases.running import built_case, findings

_FOLDER = Path(__file__).parent / "cases"
_CASES = sorted(file.parent.name for file in _FOLDER.glob("*/expected.json"))


@pytest.mark.parametrize("name", _CASES)
def test_case_gives_exactly_the_expected_findings_and_rows(name: str, tmp_path: Path) -> None:
    """A case gives exactly the findings that it expects, and the rows that it names."""
    expected = json.loads((_FOLDER / name / "expected.json").read_bytes())
    with built_case(_FOLDER / name, tmp_path) as connection:
        found = findings(connection)
        rows = {
            query: [list(row) for row in connection.execute(query).fetchall()]
            for query in expected.get("rows", {})
        }
    assert found == expected["findings"]
    assert rows == expected.get("rows", {})


@pytest.mark.parametrize("name", _CASES)
def test_case_is_named_for_what_it_finds(name: str) -> None:
    """A case whose name ends in `_fail` expects a finding worse than info, another none."""
    expected = json.loads((_FOLDER / name / "expected.json").read_bytes())
    failing = any(found["severity"] != Severity.INFO for found in expected["findings"])
    assert failing == name.endswith("_fail")


def test_documents_of_the_cases_are_those_that_the_program_makes(tmp_path: Path) -> None:
    """Every document and reason of a case is what `make_cases` writes, byte for byte."""
    write(tmp_path)
    made = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.*")}
    kept = {
        file.relative_to(_FOLDER): file.read_bytes()
        for name in CASES
        for file in (_FOLDER / name).iterdir()
        if file.name != "expected.json"
    }
    assert made == kept


def test_every_case_says_what_it_expects() -> None:
    """Exactly the cases that the program makes have an `expected.json`."""
    assert sorted(CASES) == _CASES
