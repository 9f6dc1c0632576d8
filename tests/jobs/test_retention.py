"""`history`, `diff`, `rollback` and `prune`, on snapshots of the real documents."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import catalog
from pipeline.duck import Connection, row_of
from pipeline.errors import UsageError, WarehouseError
from pipeline.jobs import retention
from pipeline.report import data
from pipeline.warehouse import differences, snapshot
from pipeline.warehouse.reader import Warehouse
from pipeline.warehouse.search import RESULTS, find
from tests.console import Console
from tests.site import REAL, Site, tables

RECORD = "000_97f37641e2d9eba2.txt"
CHANGED = REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1)
SECOND = "003"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site of three snapshots: all, one changed, one more gone; no test changes it."""
    site = Site(tmp_path_factory.mktemp("three"))
    site.put_all(REAL)
    site.build()
    site.put(RECORD, CHANGED)
    site.build()
    (name,) = [name for name in REAL if name.startswith(SECOND)]
    (site.mirror / name).unlink()
    site.build()
    return site


@pytest.fixture
def site(three: Site, tmp_path: Path) -> Site:
    """Return a copy of the site that a test may change."""
    shutil.copytree(three.root, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Site(tmp_path)


def _names(site: Site) -> list[str]:
    """Return the snapshots, the oldest first."""
    return [kept.name for kept in reversed(retention.history(site.warehouse))]


# -- history ----------------------------------------------------------------------------------


def test_history_tells_what_changed(three: Site, console: Console) -> None:
    """Each snapshot has a line, the newest first: documents, added, changed, gone, findings."""
    finished = console("history", "--warehouse", three.warehouse)
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in finished.output.splitlines()[2:5]
    ]
    names = _names(three)
    assert finished.code == 0
    assert [line[0] for line in lines] == [f"{names[2]} (published)", names[1], names[0]]
    assert [line[1:5] for line in lines] == [
        ["4", "0", "0", "1"],
        ["5", "0", "1", "0"],
        ["5", "5", "0", "0"],
    ]
    assert "1 info" in lines[2][7]


def test_history_survives_a_broken_manifest(site: Site, console: Console) -> None:
    """A snapshot whose manifest cannot be read is listed as such, beside the others."""
    (site.warehouse / "snapshots" / _names(site)[0] / "manifest.json").write_bytes(b"{")
    finished = console("history", "--warehouse", site.warehouse)
    assert finished.code == 0
    assert "its manifest is broken" in finished.output.splitlines()[4]


@pytest.mark.parametrize(
    "command", [["history"], ["rollback"], ["prune", "--keep", "1"], ["check"], ["diff", "a", "b"]]
)
def test_without_a_snapshot_every_command_says_so(
    tmp_path: Path, console: Console, command: list[str]
) -> None:
    """Where nothing was built, each exits with 1, says what to run, and makes nothing."""
    for warehouse in (tmp_path, tmp_path / "mistyped"):
        finished = console(*command, "--warehouse", warehouse)
        assert finished.code == 1
        assert "no snapshot is published" in finished.errors
        assert "pith-etl build SOURCE" in finished.errors
    assert list(tmp_path.iterdir()) == []


# -- diff -------------------------------------------------------------------------------------


def _diff(site: Site, old: str, new: str) -> list[differences.Difference]:
    folders = [snapshot.folder(site.warehouse, name) for name in (old, new)]
    with duckdb.connect() as connection:
        return list(differences.diff(connection, *folders))


def test_diff_counts_what_differs(three: Site) -> None:
    """Each table has its counts of rows added, removed and changed between two snapshots."""
    first, second, _ = _names(three)
    found = {row.table: row for row in _diff(three, first, second)}
    assert list(found) == [name for name in catalog.tables() if name != "runs"]
    papers = found["papers"]
    assert (papers.added, papers.removed, papers.changed) == (0, 0, 1)
    assert found["findings"].added > 0
    events = found["events"]
    assert (events.added, events.removed, events.changed) == (0, 0, 0)


def test_diff_shows_rows_as_they_were_and_are(three: Site, console: Console) -> None:
    """A changed row has its new values, and the whole old row in `before`."""
    first, second, last = _names(three)
    shown = console(
        "diff",
        *(first, second),
        *("--table", "papers", "--format", "json", "--warehouse", three.warehouse),
    )
    (row,) = json.loads(shown.output)
    assert row["change"] == "changed"
    assert row["title"].startswith("Other:")
    before = row["before"]
    assert row["changed_columns"] == [name for name in before if before[name] != row[name]]
    assert row["changed_columns"][:1] == ["title"]
    assert "abstract_excerpt" not in row["changed_columns"]
    assert row["before"]["title"].startswith("MXNet:")
    assert row["before"]["submitted_at"] == row["submitted_at"]
    shown = console(
        "diff",
        *(second, "--table", "papers", "--format", "json", "--warehouse", three.warehouse),
    )
    (row,) = json.loads(shown.output)
    assert (row["change"], row["before"]) == ("removed", None)
    assert snapshot.folder(three.warehouse, "current").name == last


def test_diff_of_a_snapshot_with_itself_is_empty(three: Site) -> None:
    """No row differs from itself, lists and structures included."""
    for row in _diff(three, "current", _names(three)[2]):
        assert (row.added, row.removed, row.changed) == (0, 0, 0)


def test_diff_compares_two_snapshots_whatever_is_published_meanwhile(
    site: Site, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every table is compared with that of the snapshot that was `current` at the start."""
    first, _, last = _names(site)
    expected = console("diff", first, last, "--warehouse", site.warehouse)
    query = differences.diff_query

    def publishing(*arguments: Any) -> str:  # noqa: ANN401 - of diff_query
        snapshot.publish(site.warehouse, site.warehouse / "snapshots" / first)
        return query(*arguments)

    monkeypatch.setattr(differences, "diff_query", publishing)
    assert console("diff", first, "--warehouse", site.warehouse) == expected


@pytest.mark.parametrize("command", [["check"], ["diff", "current", "current"]])
def test_large_tables_spill_out_of_the_way(
    three: Site,
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    """Check and diff take 1 GB of memory at most, and write to a directory of their own."""
    found = []

    def settings(connection: Connection, *_: object) -> Iterator[Any]:
        sql = "select current_setting('memory_limit'), current_setting('temp_directory')"
        found.extend(connection.execute(sql).fetchall())
        return iter(())

    monkeypatch.setattr("pipeline.jobs.check.check_findings", settings)
    same = differences.Difference("papers", 0, 0, 0)
    monkeypatch.setattr(differences, "diff", lambda opened, *_: [*settings(opened), same])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert console(*command, "--warehouse", three.warehouse).code == 0
    ((memory, spill),) = found
    assert memory == "953.6 MiB"
    assert Path(spill).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["20200101T000000.000000Z"], "there is no snapshot '20200101T000000.000000Z'"),
        (["../../etc"], "there is no snapshot '../../etc'"),
        (["current", "--table", "nothing"], "nothing"),
    ],
)
def test_diff_of_what_is_not_there(
    three: Site, console: Console, arguments: list[str], message: str
) -> None:
    """An unknown snapshot or table is wrong usage."""
    finished = console("diff", *arguments, "--warehouse", three.warehouse)
    assert finished.code == 2
    assert message in finished.errors


def test_a_database_can_only_be_read_and_keeps_no_log(site: Site, console: Console) -> None:
    """The file is read-only; `check --files` reports a log beside it, and a build removes it."""
    log = site.warehouse / "pith.duckdb.wal"
    assert (site.warehouse / "pith.duckdb").stat().st_mode & 0o777 == 0o444
    log.write_bytes(b"left")
    finished = console("check", "--files", "--warehouse", site.warehouse)
    assert finished.code != 0
    assert "no pith.duckdb.wal" in finished.output
    site.build()
    assert not log.exists()


class _Ahead(datetime):
    """A clock that is ten days ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(days=10)


def test_a_clock_that_was_ahead_changes_no_order(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot that is built later is the newer one for the report, rollback and pruning."""
    with monkeypatch.context() as ahead:
        ahead.setattr("pipeline.jobs.build.datetime", _Ahead)
        site.put(RECORD, REAL[RECORD] + b"\n")
        future = site.build().snapshot
    site.put(RECORD, REAL[RECORD] + b"\n\n")
    last = site.build().snapshot
    assert last > future
    assert data.read(site.warehouse).rows["runs"][0]["run_id"] == last
    assert site.rows(
        "select max(started_at) from runs where run_id <> (select max(run_id) from runs)"
    ) > site.rows("select arg_max(started_at, run_id) from runs")
    assert retention.rollback(site.warehouse, None) == future
    assert data.read(site.warehouse).rows["runs"][0]["run_id"] == future
    retention.rollback(site.warehouse, last)
    retention.prune(site.warehouse, 2)
    assert _names(site) == [future, last]


def test_snapshots_may_be_a_link_to_another_disk(site: Site, tmp_path: Path) -> None:
    """The papers of the snapshot before are found, and the index stays in the warehouse."""
    (tmp_path / "disk").mkdir()
    (site.warehouse / "snapshots").rename(tmp_path / "disk" / "big")
    (site.warehouse / "snapshots").symlink_to(tmp_path / "disk" / "big")
    site.build()
    with Warehouse(site.warehouse) as warehouse:
        (count,) = row_of(warehouse.connection, "select count(*) from previous_papers")
        assert count
        warehouse.connection.execute(RESULTS, find(warehouse, "mxnet", 3))
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["big"]
    assert list((site.warehouse / "search").glob("*.sqlite"))


# -- rollback ---------------------------------------------------------------------------------


def test_rollback_publishes_the_snapshot_before(site: Site, console: Console) -> None:
    """Each rollback goes back by one snapshot, tables and database, until there is no older one."""
    first, second, _ = _names(site)
    for name in (second, first):
        finished = console("rollback", "--warehouse", site.warehouse)
        assert (finished.code, finished.output) == (0, f"published: {name}\n")
        assert snapshot.current(site.warehouse).name == name
    finished = console("rollback", "--warehouse", site.warehouse)
    assert (finished.code, snapshot.current(site.warehouse).name) == (2, first)
    assert f"there is no snapshot before {first}" in finished.errors


def test_rollback_publishes_any_snapshot(site: Site) -> None:
    """A rollback to a named snapshot goes back, and forward again."""
    first, _, last = _names(site)
    for name in (first, last):
        assert retention.rollback(site.warehouse, name) == name
        assert snapshot.current(site.warehouse).name == name


def test_rollback_helps_where_the_pointer_is_lost(site: Site) -> None:
    """Without `current` a snapshot can be published by its name."""
    (site.warehouse / "current").unlink()
    last = _names(site)[2]
    assert retention.rollback(site.warehouse, last) == last
    assert snapshot.current(site.warehouse).name == last


def test_a_build_after_a_rollback_goes_on_from_today(site: Site) -> None:
    """The next build publishes what the mirror holds, as if there had been no rollback."""
    site.build()  # the copy has other paths
    today = tables(site.warehouse)
    retention.rollback(site.warehouse, _names(site)[0])
    assert tables(site.warehouse) != today
    summary = site.build()
    assert (summary.read, summary.staged, summary.published) == (0, 0, True)
    assert tables(site.warehouse) == today


@pytest.mark.parametrize("lost", ["nothing", "current", "manifest.json", "runs/all.parquet"])
def test_no_build_is_forgotten_after_a_rollback(site: Site, lost: str) -> None:
    """`runs` has every build that any kept, intact snapshot records."""
    names = _names(site)
    retention.rollback(site.warehouse, names[0])
    current = site.warehouse / "current"
    if lost == "current":
        current.unlink()
    elif lost != "nothing":
        (current / lost).unlink()
    site.put(RECORD, REAL[RECORD] + b"\n")
    names.append(site.build().snapshot)
    assert site.rows("select run_id from runs") == [(name,) for name in names]


@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_snapshot_is_not_published(site: Site, gone: bool) -> None:  # noqa: FBT001 - a case
    """Each file that the manifest names must be there, with its bytes."""
    first, _, last = _names(site)
    file = site.warehouse / "snapshots" / first / "papers" / "0000-2.parquet"
    content = file.read_bytes()
    file.unlink()
    if not gone:
        file.write_bytes(content[:-1] + b"?")
    with pytest.raises(WarehouseError, match=r"published: papers/0000-2\.parquet is missing or"):
        retention.rollback(site.warehouse, first)
    assert snapshot.current(site.warehouse).name == last


def test_only_a_snapshot_can_be_published(site: Site) -> None:
    """An unknown name is wrong usage, and so is a path or an empty name."""
    for name in ("nothing", "..", "../snapshots", ""):
        with pytest.raises(UsageError, match="there is no snapshot"):
            retention.rollback(site.warehouse, name)


# -- prune ------------------------------------------------------------------------------------


def test_prune_keeps_the_newest(site: Site, console: Console) -> None:
    """All but the newest snapshots are deleted; the tables stay."""
    first, second, last = _names(site)
    today = tables(site.warehouse)
    finished = console("prune", "--keep", "2", "--warehouse", site.warehouse)
    assert (finished.code, finished.output) == (0, f"deleted:\n{first}\n")
    assert _names(site) == [second, last]
    finished = console("prune", "--keep", "2", "--warehouse", site.warehouse)
    assert finished.output == "nothing to delete\n"
    assert tables(site.warehouse) == today


def test_prune_keeps_what_is_published(site: Site) -> None:
    """However old, the published snapshot stays."""
    first, second, last = _names(site)
    retention.rollback(site.warehouse, first)
    assert retention.prune(site.warehouse, 1) == [second]
    assert _names(site) == [first, last]
    assert tables(site.warehouse)


def test_prune_deletes_parts_that_nothing_needs(site: Site) -> None:
    """A part stays while one of its documents is listed or in a snapshot; then it is deleted."""
    folder = site.warehouse / "staging" / "parts"
    assert len(list(folder.iterdir())) == 2
    site.put(RECORD, REAL[RECORD])
    site.build(keep=7)
    assert len(list(folder.iterdir())) == 2
    retention.prune(site.warehouse, 1)
    assert len(list(folder.iterdir())) == 1
    assert site.build(rescan=True).staged == 0


@pytest.mark.parametrize(("number", "code"), [(0, 0), (1, 3), (2, 3)])
def test_what_is_kept_can_be_published_and_checked(
    site: Site, console: Console, number: int, code: int
) -> None:
    """After a rollback the audit finds in staging what any kept snapshot was made of."""
    site.put(RECORD, REAL[RECORD])
    site.build(keep=7)
    retention.rollback(site.warehouse, _names(site)[number])
    finished = console("check", "--files", "--warehouse", site.warehouse)
    assert (finished.code, finished.errors) == (code, "")


@pytest.mark.parametrize("file", ["documents/0000-2.parquet", "manifest.json"])
def test_a_damaged_snapshot_keeps_no_part(site: Site, file: str) -> None:
    """A snapshot that cannot be read does not stop a prune."""
    for name in _names(site):
        damaged = site.warehouse / "snapshots" / name / file
        damaged.chmod(0o644)
        damaged.write_bytes(damaged.read_bytes()[:-20])
    site.put(RECORD, REAL[RECORD])
    site.build(keep=7)
    assert len(list((site.warehouse / "staging" / "parts").iterdir())) == 1


def test_prune_looks_at_the_snapshots_only_if_it_must(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the listing names a document of each part, no snapshot is read."""

    def fail(_: object) -> Iterator[str]:
        pytest.fail("a snapshot was read")
        yield ""

    monkeypatch.setattr(retention, "_contents", fail)
    retention.prune(site.warehouse, 7)


def test_a_prune_that_is_cut_short_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-deleted snapshot is not offered any more, and the next run deletes the rest."""
    first, second, last = _names(site)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", cut)
    with pytest.raises(KeyboardInterrupt):
        snapshot.remove(site.warehouse / "snapshots" / first)
    monkeypatch.undo()
    assert _names(site) == [second, last]
    assert (site.warehouse / "snapshots" / first).exists()
    site.build()
    assert not (site.warehouse / "snapshots" / first).exists()


def test_a_build_keeps_as_many_as_it_is_told(site: Site) -> None:
    """`build --keep` deletes older snapshots, whether or not it publishes."""
    site.build(keep=2)
    assert len(_names(site)) == 2
    site.put(RECORD, REAL[RECORD])
    last = site.build(keep=1).snapshot
    assert _names(site) == [last]


@pytest.mark.parametrize("options", [[], ["--files"]])
def test_a_check_of_a_snapshot_that_is_pruned_meanwhile_says_so(
    site: Site, console: Console, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """The message asks to run the command again, and not to build again."""
    real = snapshot.current

    def prune_meanwhile(warehouse: Path) -> Path:
        folder = real(warehouse)
        shutil.rmtree(folder)
        return folder

    monkeypatch.setattr(snapshot, "current", prune_meanwhile)
    finished = console("check", "--warehouse", site.warehouse, *options)
    assert finished.code == 1
    assert "was pruned meanwhile; run the command again" in finished.errors
    assert "build again" not in finished.errors
