"""`pith-etl build` as a timer runs it: the guard against an empty mount, and damage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import ShrinkError
from pipeline.warehouse import snapshot
from pipeline.warehouse.run_figures import Changes
from tests.console import Build, Console
from tests.site import (
    ANOTHER,
    REAL,
    RECORD,
    Site,
    tables,
)

# -- the guard against the empty mount --------------------------------------------------------


def test_an_empty_mount_publishes_nothing(built_site: Site, rebuild: Build) -> None:
    """When everything vanished, the tables stay, the run says why and exits with 1."""
    before = tables(built_site.warehouse)
    for path in built_site.mirror.iterdir():
        path.unlink()
    finished = rebuild()
    assert finished.code == 1
    assert "5 of the 5 documents of the last snapshot vanished or fail, more than 10%" in (
        finished.errors
    )
    assert "--allow-shrink" in finished.errors
    assert tables(built_site.warehouse) == before
    assert rebuild("--allow-shrink").code == 3
    assert built_site.rows("select count(*) from documents") == [(0,)]


def test_the_guard_counts_documents_that_fail(built_site: Site, rebuild: Build) -> None:
    """Documents that are there but do not parse count as those that vanished."""
    for name, content in REAL.items():
        built_site.put(name, content[:1000])
    assert rebuild().code == 1
    assert rebuild("--max-shrink", "100").code == 3


def test_the_guard_has_a_share(built_site: Site, rebuild: Build) -> None:
    """One of five is 20 %: refused at 10, published at 20."""
    (built_site.mirror / RECORD).unlink()
    assert rebuild().code == 1
    assert rebuild("--max-shrink", "20").code == 0


def test_moving_the_mirror_is_no_shrink(built_site: Site, console: Console) -> None:
    """The same documents under other paths did not vanish, and are not parsed again."""
    moved = built_site.mirror.rename(built_site.root / "elsewhere")
    finished = console("build", moved, "--warehouse", built_site.warehouse, "--json")
    assert finished.code == 0
    assert json.loads(finished.output)["staged"] == 0


def test_a_refused_shrink_forgets_nothing(built_site: Site) -> None:
    """After a build that failed without the mount, the next one has nothing to read or publish."""
    aside = built_site.mirror.rename(built_site.root / "aside")
    built_site.mirror.mkdir()
    with pytest.raises(ShrinkError):
        built_site.build(max_shrink=10)
    built_site.mirror.rmdir()
    aside.rename(built_site.mirror)
    summary = built_site.build(max_shrink=10)
    assert (summary.read, summary.staged, summary.published) == (0, 0, False)


@pytest.mark.parametrize("damaged", [False, True])
def test_the_guard_counts_stale_documents(built_site: Site, *, damaged: bool) -> None:
    """Documents that stay stale do not count as lost; stale ones that are gone do."""
    for name, content in REAL.items():
        built_site.put(name, content[:1000])
    built_site.build()
    built_site.put("more.json", ANOTHER)
    built_site.build(max_shrink=0)
    if damaged:
        (built_site.warehouse / "current" / "documents" / "0000-2.parquet").unlink()
    for path in built_site.mirror.iterdir():
        path.unlink()
    with pytest.raises(ShrinkError, match="6 of the 6 documents"):
        built_site.build(max_shrink=10)


def test_a_stale_document_whose_content_is_elsewhere_is_not_lost(built_site: Site) -> None:
    """A stale document's last content has not vanished if it is found under another path."""
    built_site.put(RECORD, REAL[RECORD][:1000])
    built_site.build()
    (built_site.mirror / RECORD).unlink()
    built_site.put("moved.json", REAL[RECORD])
    assert built_site.build(max_shrink=0).documents == {"bundle": 2, "record": 2, "state": 1}


def _damage(site: Site, damage: str) -> None:
    """Damage the last snapshot so that no build can read its table of documents."""
    current = site.warehouse / "current"
    manifest = current / "manifest.json"
    if damage == "no current":
        current.unlink()
    elif damage == "older layout":
        older = manifest.read_text().replace(f'"layout": {snapshot.LAYOUT}', '"layout": 1')
        manifest.write_text(older)
    else:
        (current / "documents" / "0000-2.parquet").unlink()


_DAMAGES = ["no current", "older layout", "broken table"]


@pytest.mark.parametrize("damage", _DAMAGES)
def test_the_guard_needs_no_snapshot(built_site: Site, damage: str) -> None:
    """After an upgrade, or where the snapshot is damaged, an empty mount publishes nothing."""
    _damage(built_site, damage)
    for path in built_site.mirror.iterdir():
        path.unlink()
    with pytest.raises(ShrinkError, match="5 of the 5 documents"):
        built_site.build(max_shrink=10)
    assert built_site.build(max_shrink=None).documents == {}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_what_changed_needs_no_snapshot(site: Site, damage: str) -> None:
    """After an upgrade, or if the snapshot is damaged, the changes come from the listing."""
    site.put("refused.json", REAL[RECORD][:1000])
    site.put("stale.json", ANOTHER)
    site.build()
    site.put("stale.json", ANOTHER[:1000])
    site.build()
    _damage(site, damage)
    first, second, third, *_ = REAL
    (site.mirror / first).unlink()
    site.put(second, REAL[second] + b"\n")
    site.put(third, REAL[third][:1000])
    site.put("more.json", REAL[second] + b"\n\n")
    assert site.build().changes == Changes(added=1, changed=2, gone=1)


def test_the_share_of_the_guard_is_exact(tmp_path: Path) -> None:
    """A share that is just reached passes, though 2.3 times 1000 is less than 2300 in floats."""
    site = Site(tmp_path)
    for number in range(1000):
        site.put(f"{number}.json", REAL[RECORD] + b" " * number)
    site.build()
    for number in range(23):
        (site.mirror / f"{number}.json").unlink()
    with pytest.raises(ShrinkError, match=r"23 of the 1000 .*more than 2\.2%"):
        site.build(max_shrink=2.2)
    assert site.build(max_shrink=2.3).documents == {"record": 977}


# -- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "changed"),
    [
        ("documents", None, True),
        ("documents", b"PAR1", False),
        ("runs", b"PAR1", True),
        ("papers", None, False),
        ("papers", b"PAR1", True),
        ("pith.duckdb", None, False),
    ],
)
def test_a_damaged_snapshot_is_mended(
    built_site: Site, name: str, content: bytes | None, *, changed: bool
) -> None:
    """Whichever file of it is gone or broken, the next build makes all tables anew, and says so."""
    expected = tables(built_site.warehouse)
    found = built_site.warehouse / "current" / name
    file = next(found.iterdir()) if found.is_dir() else found
    file.unlink() if content is None else file.write_bytes(content)
    if changed:
        built_site.put("more.json", ANOTHER)
    summary = built_site.build(max_shrink=10)
    place = str(file.relative_to(built_site.warehouse / "current"))
    assert summary.notices == [f"the tables are made anew: {place} of the last snapshot is damaged"]
    assert (summary.published, summary.staged) == (True, int(changed))
    if not changed:
        assert tables(built_site.warehouse) == expected
    assert not built_site.build().published
