"""Trust is a join with the keyring: another keyring verifies nothing again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pipeline import catalog
from pipeline.documents import signatures
from pipeline.documents.keyring import Keyring, load
from pipeline.limits import DEFAULT, Limits
from pipeline.resources import default_keyring
from tests.building import build_warehouse, rows
from tests.cases.forge import Key
from tests.paths import SAMPLES

_REGISTRY = load(default_keyring())
_NOBODY = Keyring(())
_STRANGER = msgspec.convert({"keys": [Key("a stranger", "pith-v1-2026-05").pinned()]}, Keyring)
_ENDED = Keyring(
    tuple(msgspec.structs.replace(k, valid_until="2026-05-20T00:00:00Z") for k in _REGISTRY.keys)
)


def _build(
    warehouse: Path, keyring: Keyring, *sources: Path, limits: Limits = DEFAULT
) -> dict[str, list[tuple[object, ...]]]:
    """Build; return the rows of every table but `runs`."""
    build_warehouse(warehouse, *(sources or (SAMPLES,)), keyring=keyring, limits=limits)
    return {name: rows(warehouse, f"from {name}") for name in catalog.tables() if name != "runs"}


@pytest.fixture
def built(samples_warehouse: Path, tmp_path: Path) -> Path:
    """Return a copy of what the registry's key built, which a test may change."""
    return shutil.copytree(samples_warehouse, tmp_path / "a", symlinks=True)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return how many signatures libsodium was asked about since the last call."""
    asked: list[int] = []
    holds = signatures.holds

    def counting(key: bytes, digest: bytes, signature: bytes) -> bool:
        asked.append(1)
        return holds(key, digest, signature)

    def since() -> int:
        count = len(asked)
        asked.clear()
        return count

    monkeypatch.setattr(signatures, "holds", counting)
    return since


def _statuses(warehouse: Path) -> set[tuple[object, ...]]:
    return set(
        rows(
            warehouse,
            "select documents.kind, signatures.kind, signatures.status "
            "from signatures inner join documents on document_sha256 = sha256",
        )
    )


@pytest.mark.parametrize(
    ("keyring", "record", "bundle"),
    [
        pytest.param(_NOBODY, "unknown_key", "untrusted_key", id="emptied"),
        pytest.param(_STRANGER, "invalid", "untrusted_key", id="another key of the same name"),
    ],
)
def test_another_keyring_changes_the_statuses_and_verifies_nothing(
    built: Path, verified: Callable[[], int], keyring: Keyring, record: str, bundle: str
) -> None:
    """The rows are those of a clean build with that keyring, and no signature is valid."""
    changed = _build(built, keyring)
    assert verified() == 0
    assert changed == _build(built.with_name("b"), keyring)
    assert _statuses(built) == {
        ("record", "receipt", record),
        ("state", "receipt", record),
        ("bundle", "receipt", bundle),
        ("bundle", "event", bundle),
        ("bundle", "bundle", bundle),
    }


def test_a_period_is_held_against_the_time_of_each_signature(
    tmp_path: Path, built: Path, verified: Callable[[], int]
) -> None:
    """If a key's period ends after a bundle's receipt, only the receipt is valid by it."""
    changed = _build(built, _ENDED)
    assert verified() == 0
    assert changed == _build(tmp_path / "b", _ENDED)
    assert _statuses(built) >= {
        ("bundle", "receipt", "valid"),
        ("bundle", "event", "untrusted_key"),
        ("bundle", "bundle", "untrusted_key"),
    }


def test_a_key_pinned_later_is_tried_on_what_no_key_was_tried_on(
    tmp_path: Path, verified: Callable[[], int]
) -> None:
    """Only the three receipts without a key are verified later; bundles carry their key."""
    _build(tmp_path / "a", _NOBODY)
    assert verified() == 8
    later = _build(tmp_path / "a", _REGISTRY)
    assert verified() == 3
    assert later == _build(tmp_path / "b", _REGISTRY)
    assert verified() == 11
    assert {status for *_, status in _statuses(tmp_path / "a")} == {"valid"}


def test_content_that_two_parts_hold_counts_once_under_a_key_pinned_later(tmp_path: Path) -> None:
    """A document that was staged twice at once has one row a signature, whenever it is tried."""
    source = tmp_path / "source"
    source.mkdir()
    samples = sorted(SAMPLES.iterdir())
    for name, sample in zip("abcd", (samples[0], samples[1], samples[0], samples[3]), strict=True):
        (source / f"{name}.json").write_bytes(sample.read_bytes())
    limits = Limits(batch_documents=2)
    _build(tmp_path / "a", _NOBODY, source, limits=limits)
    assert len(list((tmp_path / "a" / "staging" / "parts").iterdir())) == 2
    later = _build(tmp_path / "a", _REGISTRY, source, limits=limits)
    assert later == _build(tmp_path / "b", _REGISTRY, source)
