"""Builds that are killed, and readers beside builds; benchmarks/survival.py runs longer."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.survival import (
    Killed,
    Stand,
    SurvivalError,
    hashes,
    hold,
    kill_rounds,
    prepare,
    read_while_building,
)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Return a small mirror, and a warehouse that lacks a fifth of it; each test restores that."""
    return prepare(tmp_path_factory.mktemp("stand"), papers=8)


def test_kills_at_random_moments_leave_old_or_new(stand: Stand) -> None:
    """After each kill the tables are the old snapshot or the new, and the next build is right."""
    found = Killed()
    for found in kill_rounds(stand, rounds=3, seed=4):  # noqa: B007 - the last is the sum
        pass
    assert found.rounds == 3
    assert sum(found.stages.values()) == 3


def test_readers_see_whole_snapshots_only(stand: Stand) -> None:
    """While builds publish, readers by the class and by the database never see a mixture."""
    read = read_while_building(stand, readers=2, builds=2)
    assert read.builds == 2
    assert read.reads >= 2


def test_the_harness_notices_a_mixture(stand: Stand) -> None:
    """A folder with tables of two snapshots equals neither of them."""
    stand.restore()
    old = hashes((stand.warehouse / "current").resolve())
    clean = stand.build(stand.root / "clean")
    mixed = (stand.warehouse / "current").resolve() / "papers" / "0000-2.parquet"
    shutil.copy(clean / "papers" / "0000-2.parquet", mixed)
    with pytest.raises(SurvivalError, match="neither the old snapshot nor the new one"):
        hold(stand, old, hashes(clean))
