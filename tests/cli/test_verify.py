"""The command `verify`: verdicts without a warehouse."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.console import Console
from tests.paths import REPO, SAMPLES

_CASES = REPO / "tests" / "cases"


def _altered(folder: Path, **fields: object) -> Path:
    """Write a real record with some of its fields replaced."""
    (sample,) = SAMPLES.glob("003_*.txt")
    file = folder / "altered.json"
    file.write_text(json.dumps({**json.loads(sample.read_bytes()), **fields}), "utf-8")
    return file


def test_the_real_documents_hold(console: Console) -> None:
    """All five real documents hold: exit status 0, and a line on each."""
    finished = console("verify", SAMPLES)
    assert (finished.code, finished.errors) == (0, "")
    lines = finished.output.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["ok"] * 5
    assert lines[5] == "5 ok, 0 FAILED, 0 not checked"


def test_json_holds_every_verdict_and_finding(console: Console) -> None:
    """`--json` is one object with the documents, each with its findings, counts and result."""
    finished = console("verify", "--json", _CASES / "title_altered_fail" / "record.json", SAMPLES)
    result = json.loads(finished.output)
    assert finished.code == 3
    assert result["ok"] is False
    assert result["counts"] == {"ok": 5, "failed": 1, "not_checked": 0}
    verdicts = {Path(found["path"]).name: found for found in result["documents"]}
    failed = verdicts["record.json"]
    assert (failed["verdict"], failed["kind"], failed["proof"]) == ("failed", "record", "failed")
    assert [(found["code"], found["pointer"]) for found in failed["findings"]] == [
        ("title_digest_mismatch", "/paper/title")
    ]


def test_a_failure_names_code_place_expected_and_actual(console: Console, tmp_path: Path) -> None:
    """Each failure is shown with its code, JSON pointer, message, expected and actual value."""
    finished = console("verify", _altered(tmp_path, short_pith_number="pith:AAAAAAAA"))
    assert finished.code == 3
    message = "The short number is not the start of the Pith number."
    assert finished.output.splitlines()[1:4] == [
        f"    error short_number_mismatch at /short_pith_number: {message}",
        "        expected  pith:JATCIDIV",
        "        actual    pith:AAAAAAAA",
    ]


def test_a_signature_that_is_not_valid_does_not_hold(console: Console) -> None:
    """A document fails if its signature is not valid, also if it is unsupported or missing."""
    documents = sorted(_CASES.glob("signature_*_fail/[br]*.json"))
    finished = console("verify", "--json", *documents)
    verdicts = json.loads(finished.output)["documents"]
    assert len(verdicts) == len(documents) == 7
    for found in verdicts:
        codes = {finding["code"] for finding in found["findings"]}
        assert found["verdict"] == "failed"
        assert any(code.startswith("signature_") for code in codes)


def test_another_keyring_decides(console: Console) -> None:
    """`--keyring` pins other keys: a bundle by a test key holds with that key, and not without."""
    folder = _CASES / "state_not_reproducible"
    bundle, keyring = folder / "bundle.json", folder / "keyring.json"
    assert console("verify", bundle, "--keyring", keyring).code == 0
    assert console("verify", bundle).code == 3


def test_what_is_no_pith_document_fails_only_if_it_was_named(console: Console) -> None:
    """A picture beside documents is not checked; a picture named on the command line fails."""
    folder = _CASES / "not_pith"
    finished = console("verify", folder, SAMPLES)
    assert finished.code == 0
    assert "not checked  " in finished.output
    assert finished.output.endswith("5 ok, 0 FAILED, 4 not checked\n")
    assert console("verify", folder / "image.png", SAMPLES).code == 3


def test_nothing_to_verify_is_not_success(console: Console) -> None:
    """A directory without any Pith document could not be verified: exit status 1."""
    finished = console("verify", _CASES / "not_pith")
    assert finished.code == 1
    assert "there is no Pith document in" in finished.errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param((), 2, id="without a path"),
        pytest.param(("--no-such-option", "."), 2, id="with an unknown option"),
        pytest.param(("/no/such/place",), 1, id="of what does not exist"),
        pytest.param((SAMPLES, "--keyring", "/no/such/keyring"), 1, id="without its keyring"),
    ],
)
def test_wrong_usage_and_missing_files_have_their_own_status(
    console: Console, arguments: tuple[object, ...], code: int
) -> None:
    """Wrong usage exits with 2 and what cannot be done with 1, so neither looks like a verdict."""
    finished = console("verify", *arguments)
    assert finished.code == code
    assert finished.errors
    assert "Traceback" not in finished.errors


@pytest.mark.parametrize("option", [(), ("--json",)])
@pytest.mark.parametrize("name", [b"\xff", b"\xff/003.json"])
def test_a_source_may_have_any_name(
    console: Console, tmp_path: Path, name: bytes, option: tuple[str, ...]
) -> None:
    """A file or a directory whose name is no UTF-8 is verified, and shown by its bytes."""
    (sample,) = SAMPLES.glob("003_*.txt")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.parent.mkdir(exist_ok=True)
    shutil.copy(sample, path)
    for source in {path, tmp_path / Path(os.fsdecode(name)).parts[0]}:
        finished = console("verify", source, *option)
        assert (finished.code, finished.errors) == (0, "")
        assert r"\xff" in finished.output


def test_an_empty_path_is_not_the_working_directory(console: Console) -> None:
    """An empty path, as from an unset variable of a shell, is wrong usage."""
    finished = console("verify", "")
    assert (finished.code, finished.output) == (2, "")
    assert "a source is empty" in finished.errors


def test_what_a_document_says_cannot_command_the_terminal(console: Console, tmp_path: Path) -> None:
    """Control characters and line breaks of a document are shown, and not obeyed."""
    hostile = "pith:\x1b[2J\nok  everything.json:1"
    finished = console("verify", _altered(tmp_path, short_pith_number=hostile))
    assert finished.code == 3
    assert "\x1b" not in finished.output
    assert r"pith:\x1b[2J\x0aok  everything.json:1" in finished.output
    assert not any(line.startswith("ok") for line in finished.output.splitlines())


def test_nothing_is_left_behind(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary directory is removed, also where a document fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    console("verify", SAMPLES)
    console("verify", _CASES / "truncated_fail")
    assert list(tmp_path.iterdir()) == []
