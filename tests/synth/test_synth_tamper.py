"""Every tampered document raises exactly its listed findings, and no other document any.

The list follows from the rules, the findings from the checks, so each tests the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.documents.keyring import load
from pipeline.synth.dump import KINDS, Plan, write
from pipeline.synth.tamper import TAMPERS
from pipeline.vocabulary import PAPER_KINDS, Kind
from tests.building import build_warehouse, rows
from tests.paths import REPO

Findings = dict[tuple[str, int], set[str]]


def _listed(directory: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (directory / "tampered.jsonl").read_bytes().splitlines()]


def _found(plan: Plan) -> Findings:
    """Build a dump and return the codes of severity warning and above, by document."""
    target, documents = plan.directory / "warehouse", plan.directory / "documents"
    keyring = load(plan.directory / "keyring.json")
    build_warehouse(target, documents, keyring=keyring)
    found: Findings = defaultdict(set)
    query = "select path, position, code from findings where severity <> 'info'"
    for path, position, code in rows(target, query):
        assert isinstance(position, int)
        found[str(Path(str(path)).relative_to(documents)), position].add(str(code))
    return dict(found)


@pytest.mark.parametrize(
    ("kinds", "events", "layout"),
    [
        (PAPER_KINDS, (2, 2), "files"),
        (PAPER_KINDS, (3, 8), "ndjson"),
        (("bundle",), (2, 2), "ndjson"),
        (("bundle",), (3, 5), "files"),
        (("record",), (2, 2), "ndjson"),
        (("state",), (2, 2), "files"),
        (("record", "bundle"), (2, 6), "files"),
        (("record", "state"), (2, 6), "ndjson"),
        (("bundle", "state"), (2, 3), "files"),
        (KINDS, (2, 3), "ndjson"),
        (("integrity",), (2, 2), "files"),
    ],
)
def test_tampering_raises_exactly_what_is_listed(
    tmp_path: Path, kinds: tuple[Kind, ...], events: tuple[int, int], layout: str
) -> None:
    """Whichever documents stand beside it, a tampered one raises its findings and no others."""
    papers = 30 * len(kinds)
    plan = Plan(papers, tmp_path, layout=layout, kinds=kinds, tamper=1 / len(kinds), events=events)
    write(plan, 1)
    listed = _listed(tmp_path)
    assert len(listed) == papers
    expected: Findings = {
        (line["path"], line["position"]): set(line["findings"]) for line in listed
    }
    assert _found(plan) == expected


def test_every_way_of_tampering_is_used(tmp_path: Path) -> None:
    """A dump of all kinds is tampered with in every way that its kinds know."""
    write(Plan(480, tmp_path, kinds=KINDS, tamper=1 / 4), 1)
    used = {(line["kind"], line["tamper"]) for line in _listed(tmp_path)}
    assert used == {(kind, name) for kind, names in TAMPERS.items() for name in names}
    assert len(used) > 50


def test_a_rate_is_the_share_of_the_documents(tmp_path: Path) -> None:
    """About one document in twenty is tampered with at a rate of 0.05, and the others are not."""
    write(Plan(400, tmp_path / "plain", kinds=("record", "state")), 1)
    write(Plan(400, tmp_path / "tampered", kinds=("record", "state"), tamper=0.05), 1)
    listed = {line["path"] for line in _listed(tmp_path / "tampered")}
    assert 20 < len(listed) < 60
    folder = tmp_path / "plain" / "documents"
    changed = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.json")
        if path.read_bytes()
        != (tmp_path / "tampered" / "documents" / path.relative_to(folder)).read_bytes()
    }
    assert changed == listed


def test_the_list_names_the_paper_and_the_place(tmp_path: Path) -> None:
    """Each line has the untouched Pith number of its paper and a pointer into the document."""
    write(Plan(60, tmp_path, kinds=("record",), tamper=1.0), 1)
    write(Plan(60, tmp_path / "plain", kinds=("record",)), 1)
    for line in _listed(tmp_path):
        path = tmp_path / "plain" / "documents" / line["path"]
        value = orjson.loads(path.read_bytes())
        assert line["pith_number"] == value["pith_number"]
        for token in line["pointer"].split("/")[1:]:
            value = value if not token else value[int(token) if isinstance(value, list) else token]


def test_every_way_of_tampering_is_documented() -> None:
    """docs/synth.md has exactly one row for each way to tamper, with its kinds."""
    page = (REPO / "docs" / "synth.md").read_text(encoding="utf-8")
    lines = re.findall(
        r"^\| `(\w+)` \| ((?:record|bundle|state|integrity|all|, )+) \|", page, re.MULTILINE
    )
    known = {name for names in TAMPERS.values() for name in names}
    documented = {
        name: set(TAMPERS) if kinds == "all" else set(kinds.split(", ")) for name, kinds in lines
    }
    assert documented == {
        name: {kind for kind, names in TAMPERS.items() if name in names} for name in known
    }
