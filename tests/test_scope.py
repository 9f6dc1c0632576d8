"""Keeping the rows of the last snapshot: as if everything had been modelled anew."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline import scope
from pipeline.build import Order, build
from pipeline.duck import Connection
from pipeline.keyring import Keyring, load
from pipeline.resources import default_keyring
from pipeline.synth.dump import Plan, write
from tests.paths import REPO, SAMPLES
from tests.site import tables


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sequence[Path], Keyring]:
    """Return documents with every defect that there is a case or a way of tampering for."""
    folder = tmp_path_factory.mktemp("pool")
    write(Plan(25, folder, tamper=0.3, events=(2, 9)), workers=1)
    cases = [
        file
        for file in (REPO / "tests" / "cases").glob("*_*/*")
        if file.suffix not in (".txt", ".zip")
    ]
    keyrings = [default_keyring(), folder / "keyring.json"]
    keyrings += [file for file in cases if file.name == "keyring.json"]
    documents = [*SAMPLES.iterdir(), *(folder / "documents").rglob("*.json")]
    documents += [file for file in cases if file.name not in ("keyring.json", "expected.json")]
    keys = {key.public_key_b64: key for file in keyrings for key in load(file).keys}
    return sorted(documents), Keyring(tuple(keys.values()))


def _step(source: Path, documents: Sequence[Path], chance: random.Random) -> None:
    """Remove, add, exchange and move some documents."""
    present = sorted(source.iterdir())
    for file in chance.sample(present, len(present) // 8):
        file.unlink()
    for file in chance.sample(present, min(2, len(present))):
        if file.exists():
            file.rename(source / f"moved-{chance.random()}.json")
    for number, document in enumerate(chance.sample(documents, 12)):
        # one name for several contents in turn, some of them broken
        name = chance.choice([f"{chance.random()}", f"{number}"])
        content = document.read_bytes()
        cut = content[: len(content) // 2] if chance.random() < 0.1 else content
        (source / f"{name}.json").write_bytes(cut)


@pytest.mark.parametrize("seed", range(2))
def test_keeping_rows_makes_the_tables_that_modelling_all_would(
    tmp_path: Path,
    pool: tuple[Sequence[Path], Keyring],
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever changes, a build that keeps rows writes byte for byte what one that does not."""
    documents, keyring = pool
    chance, source = random.Random(seed), tmp_path / "source"  # noqa: S311 - no secret
    source.mkdir()
    for number, document in enumerate(chance.sample(documents, 60)):
        shutil.copy(document, source / f"start-{number}.json")
    orders = {
        most: Order([str(source)], tmp_path / f"{most}", keyring, workers=1) for most in (-1.0, 1.0)
    }
    kept = []
    changes = scope.changes

    def counted(connection: Connection, previous: Path) -> bool:
        kept.append(changes(connection, previous))
        return kept[-1]

    monkeypatch.setattr(scope, "changes", counted)
    for _ in range(6):
        for most, order in orders.items():
            monkeypatch.setattr(scope, "MOST", most)
            build(order, lambda *_: None)
        assert tables(tmp_path / "1.0") == tables(tmp_path / "-1.0")
        _step(source, documents, chance)
    assert kept.count(True) == kept.count(False) == 5
