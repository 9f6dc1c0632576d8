"""Tamper coverage: every single change of a real document is found, or listed as stated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cases import forge
from tests.cases.forge import Json, Key
from tests.cases.make_cases import OWN
from tests.paths import REPO, SAMPLES
from tests.tampering import Tampered, changes, lines, noticed, passed, restate, unnoticed

#: The real documents that are changed, by kind.
_SAMPLES = {"bundle": (4,), "record": (0, 3), "state": (1,)}

#: The codes that a change inside of a bundle's own signature may have.
_SIGNATURE_CODES = {
    "bundle_digest_mismatch",
    "digest_missing",
    "document_refused",
    "signature_digest_mismatch",
    "signature_fields_unknown",
    "signature_invalid",
    "signature_key_name_mismatch",
    "signature_malformed",
    "signature_missing",
    "signature_time_missing",
    "signature_unknown_key",
    "signature_unsupported",
    "time_malformed",
}


def _sample(number: int) -> Any:  # noqa: ANN401 - a JSON document
    (file,) = SAMPLES.glob(f"{number:03}_*.txt")
    return json.loads(file.read_bytes())


def _single(number: int) -> list[Tampered]:
    return list(changes(_sample(number)))


def _restated(number: int) -> list[Tampered]:
    """Return every change, restated, but for those that restating undoes."""
    original = _sample(number)
    restated = [restate(item, original) for item in changes(original)]
    return [item for item in restated if item.tree != original]


def _listed(block: str) -> list[str]:
    """Return the lines of a block of docs/unnoticed.md that a test can read."""
    text = (REPO / "docs" / "unnoticed.md").read_text("utf-8")
    match = re.search(rf"^```stated {block}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert match, f"docs/unnoticed.md has no block {block!r}"
    return match[1].splitlines()


def test_every_change_in_a_bundle_is_found_by_name_but_for_what_is_listed(tmp_path: Path) -> None:
    """A change breaks the bundle's digest or signature; docs/unnoticed.md lists the exceptions."""
    tampered = _single(4)
    codes = noticed(tampered, tmp_path)
    assert len(tampered) > 1000
    assert lines(passed(tampered, codes)) == _listed("bundle")
    for item, found in zip(tampered, codes, strict=True):
        if item.path[:1] == ("bundle_signature",):
            assert not found or found & _SIGNATURE_CODES, item.path
        else:
            assert found & {"bundle_digest_mismatch", "document_refused"}, item.path


def test_recomputed_hashes_hide_no_change_in_a_bundle(tmp_path: Path) -> None:
    """Recomputing every hash of a bundle without the key breaks its signature."""
    tampered = _restated(4)
    codes = noticed(tampered, tmp_path)
    assert len(tampered) > 1000
    assert lines(passed(tampered, codes)) == _listed("bundle")
    for item, found in zip(tampered, codes, strict=True):
        if item.change == "value" and item.path[:1] != ("bundle_signature",):
            assert found & {"signature_invalid", "document_refused"}, item.path


@pytest.mark.parametrize("kind", ["record", "state"])
def test_what_is_not_found_is_listed_as_stated(kind: str, tmp_path: Path) -> None:
    """The places of a record or state that can change unnoticed are those in docs/unnoticed.md."""
    single, restated = set[tuple[str, str]](), set[tuple[str, str]]()
    for number in _SAMPLES[kind]:
        folder = tmp_path / str(number)
        (folder / "single").mkdir(parents=True)
        (folder / "restated").mkdir()
        tampered = _single(number)
        single |= passed(tampered, noticed(tampered, folder / "single"))
        tampered = _restated(number)
        restated |= passed(tampered, noticed(tampered, folder / "restated"))
    assert lines(single) == _listed(kind)
    assert lines(restated - single) == _listed(f"{kind}, restated")


def _integrity(number: int) -> Json:
    """Return an integrity document of a paper of its own, with a finding and its withdrawal."""
    paper = f"2401.{number:05}"
    first = forge.found(f"{2 * number:064}", arxiv_id=paper)
    second = forge.found(f"{2 * number + 1:064}", arxiv_id=paper, ref_index=4, severity="advisory")
    later = {**second, "verdict_class": "rescinded", "audited_at": "2026-06-01T00:00:00Z"}
    events = [
        forge.integrity_event(OWN, 3 * number + i, p) for i, p in enumerate([first, second, later])
    ]
    made = forge.integrity(*events, pith_number=paper, arxiv_id=paper)
    report = made["integrity"]
    # what was withdrawn is neither listed nor counted
    del report["findings"][1]
    report["summary"] |= {"advisory": 0, "by_detector": {"doi_resolver": 1}}
    report["detectors_run"][0]["findings_count"] = 1
    return made


def _manifest(number: int) -> Json:
    return forge.manifest(*(Key(f"{i} {number}", f"{i}-{number}") for i in ("mirror", "other")))


@pytest.mark.parametrize(
    ("make", "block", "beside"),
    [
        (_integrity, "integrity", False),
        (_integrity, "integrity beside the real one", True),
        (_manifest, "mirror_manifest", False),
    ],
)
def test_what_is_not_found_in_an_unproven_kind_is_listed_as_stated(
    make: Callable[[int], Json], block: str, *, beside: bool, tmp_path: Path
) -> None:
    """What can change unnoticed in an integrity document or a manifest is what is listed."""
    (tmp_path / "keyring.json").write_text(json.dumps({"keys": [OWN.pinned()]}))
    count, passes = unnoticed(make, tmp_path, tmp_path / "keyring.json", beside=beside)
    assert count > 100
    assert lines(passes) == _listed(block)
