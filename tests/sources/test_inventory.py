"""Inventory: an unchanged file is not read again, and no changed file counts as unchanged."""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import program
from pipeline.duck import row_of
from pipeline.errors import ShrinkError
from pipeline.limits import DEFAULT, Limits
from pipeline.model import ranges
from pipeline.sources import files, inventory, reading
from pipeline.warehouse.run_figures import Changes
from tests.building import build_warehouse, rows
from tests.paths import REPO, SAMPLES
from tests.site import REAL, Site, age, synthetic, tables
from tests.sources.packed import packed_tar

RECORD = "000_97f37641e2d9eba2.txt"
PROBLEM = "select status, stale from documents where path like '%a.json'"


@pytest.fixture
def site(built_site: Site) -> Site:
    """Return a mirror of the five real documents, built once."""
    return built_site


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the input files that are opened from now on."""
    names: list[str] = []
    real = reading._open  # noqa: SLF001 - the one place where an input file is opened

    def count(file: files.InputFile) -> object:
        names.append(Path(file.path).name)
        return real(file)

    monkeypatch.setattr(reading, "_open", count)
    return names


def _listed(sources: Sequence[str | Path]) -> list[str]:
    """Return the paths of the files below sources, as they are listed."""
    with duckdb.connect() as connection:
        inventory.list_files(connection, files.discover(sources), repeated=True)
        paths = connection.execute("select path from current_files order by path").fetchall()
    return [path for (path,) in paths]


# -- what is listed ---------------------------------------------------------------------------


def test_the_order_of_the_sources_does_not_matter(tmp_path: Path) -> None:
    """The same sources in any order, some of them twice, give the same list."""
    (tmp_path / "a").mkdir()
    for name in ("a/x", "b", "c"):
        (tmp_path / name).write_bytes(b"{}")
    sources = [tmp_path, tmp_path / "a", tmp_path / "b"]
    assert _listed(sources) == _listed([*reversed(sources), tmp_path / "a"])
    assert len(_listed(sources)) == 3


def test_a_file_that_is_named_twice_is_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file reached by absolute and relative sources is one entry."""
    (tmp_path / "x").write_bytes(b"{}")
    monkeypatch.chdir(tmp_path)
    assert _listed(["x", tmp_path, tmp_path / "x", "./x", "."]) == [str(tmp_path / "x")]


def test_a_source_may_be_a_link(tmp_path: Path) -> None:
    """A source that is a link is followed, and a file is listed once however it is reached."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_bytes(b"{}")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").symlink_to("real/x")
    link, file = tmp_path / "link", tmp_path / "file"
    assert _listed([link, link / "x"]) == [str(tmp_path / "real" / "x")]
    assert _listed([link, tmp_path / "real"]) == [str(tmp_path / "real" / "x")]
    (found,) = files.discover([file])
    assert [document.raw for document in reading.read_documents(found, DEFAULT)] == [b"{}"]


# -- what is read -----------------------------------------------------------------------------


def test_a_source_that_is_spelled_otherwise_is_the_same(
    site: Site, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path or a link to the same mirror reads nothing again, and its rows stay."""
    (site.root / "link").symlink_to("mirror")
    monkeypatch.chdir(site.root)
    for source in ("mirror", "link", "./link/../mirror"):
        summary = site.build(Path(source))
        assert (summary.read, summary.published) == (0, False)
    assert opened == []


def test_an_unchanged_directory_is_not_read(site: Site, opened: list[str]) -> None:
    """A second build opens no input file, stages nothing and publishes nothing."""
    summary = site.build()
    assert opened == []
    assert (summary.read, summary.staged, summary.published) == (0, 0, False)
    assert len(list((site.warehouse / "snapshots").iterdir())) == 1


def _listing(site: Site) -> Path:
    (folder,) = (site.warehouse / "staging" / "listings").iterdir()
    return folder


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff\xfe"])
def test_a_listing_without_its_digests_is_made_anew(site: Site, content: bytes | None) -> None:
    """If listings are missing or wrong, all files are read, and nothing new is published."""
    facts = _listing(site) / "listing.json"
    facts.unlink() if content is None else facts.write_bytes(content)
    summary = site.build()
    assert (summary.published, summary.read) == (False, 5)
    assert site.build().read == 0


def test_a_listing_that_is_damaged_loses_no_document(site: Site) -> None:
    """With a bit of the listing flipped, the tables are right."""
    expected, chance = tables(site.warehouse), random.Random(0)  # noqa: S311 - no secret
    for number in range(4):
        file = _listing(site) / ("files.parquet" if number == 0 else "documents.parquet")
        content = bytearray(file.read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
        site.put("more", REAL[RECORD] + b"\n" * (number + 1))
        assert site.build().documents == {"bundle": 2, "record": 3, "state": 1}
    (site.mirror / "more").unlink()
    site.build(max_shrink=None)
    assert tables(site.warehouse) == expected


def test_files_of_which_no_stamp_was_kept_are_missed(site: Site) -> None:
    """A mirror that was written just before a build, then emptied, is guarded as any other."""
    for file in site.mirror.iterdir():
        file.touch()
    site.build()
    for file in site.mirror.iterdir():
        file.unlink()
    with pytest.raises(ShrinkError):
        site.build(max_shrink=10)


def test_only_a_new_file_is_read(site: Site, opened: list[str]) -> None:
    """Of an unchanged directory with one more file, that file alone is opened and staged."""
    site.put("new.json", REAL[RECORD].replace(b"MXNet:", b"MXNet -", 1))
    summary = site.build()
    assert opened == ["new.json"]
    assert (summary.read, summary.staged, summary.published) == (1, 1, True)


def test_changed_content_replaces_its_rows(site: Site) -> None:
    """A file with other content loses its old rows; only it is read."""
    site.put(RECORD, REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1))
    summary = site.build()
    assert (summary.read, summary.staged) == (1, 1)
    assert (summary.changes.added, summary.changes.changed, summary.changes.gone) == (0, 1, 0)
    assert site.rows("select count(*) from papers where title like 'Other:%'") == [(1,)]
    assert site.rows("select count(*) from papers where title like 'MXNet:%'") == [(0,)]


def test_the_same_content_elsewhere_costs_nothing(site: Site, opened: list[str]) -> None:
    """A copy of a known document is read, to know what it is, and not parsed again."""
    site.put("copy.json", REAL[RECORD])
    summary = site.build()
    assert opened == ["copy.json"]
    assert (summary.read, summary.staged) == (1, 0)
    assert site.rows("select count(*) from documents") == [(6,)]


def test_a_file_that_is_gone_leaves_the_tables(site: Site, opened: list[str]) -> None:
    """Without its file a document's paper is gone, and no file is opened."""
    (site.mirror / RECORD).unlink()
    summary = site.build()
    assert opened == []
    assert summary.changes.gone == 1
    assert site.rows("select count(*) from papers where title like 'MXNet%'") == [(0,)]


def test_rescan_reads_everything_and_stages_nothing(site: Site, opened: list[str]) -> None:
    """`--rescan` opens every file; known content is not staged again."""
    summary = site.build(rescan=True)
    assert sorted(opened) == sorted(REAL)
    assert (summary.read, summary.staged, summary.published) == (5, 0, False)


def test_rescan_notices_what_no_stamp_tells(site: Site) -> None:
    """Content that changed in place under the same size, time and inode is found by a rescan."""
    path = site.mirror / RECORD
    before = path.stat()
    path.write_bytes(REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert site.build().read == 0
    assert site.build(rescan=True).staged == 1


def test_a_file_modified_twice_within_the_clock_is_noticed(tmp_path: Path) -> None:
    """A file modified right before a build is read again, even if its stamp is the same."""
    site = Site(tmp_path)
    path = site.put(RECORD, REAL[RECORD])
    os.utime(path)
    before = path.stat()
    site.build()
    path.write_bytes(REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert site.build().staged == 1


def test_a_file_modified_while_the_others_are_listed_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next build reads a file that was modified shortly before a long listing began."""
    site = Site(tmp_path)
    path = site.put(RECORD, REAL[RECORD])
    os.utime(path)
    clock = [path.stat().st_mtime_ns]
    real = files.discover

    def slow(*arguments: Any) -> Iterator[files.InputFile]:  # noqa: ANN401 - those of `discover`
        yield from real(*arguments)
        clock[0] += 3600 * 10**9

    monkeypatch.setattr("pipeline.jobs.build.discover", slow)
    monkeypatch.setattr("pipeline.jobs.build.time.time_ns", lambda: clock[0])
    site.build()
    monkeypatch.undo()
    assert site.build().read == 1


def test_a_replaced_file_is_noticed_by_its_inode(site: Site) -> None:
    """Another file of the same size and time under the same name is read."""
    path = site.mirror / RECORD
    before = path.stat()
    other = site.put("aside", REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1))
    other.rename(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert site.build().staged == 1


def test_a_skipped_entry_that_becomes_another_kind_is_noticed(site: Site) -> None:
    """A link that becomes a FIFO is listed as one; as long as it stays, nothing is read."""
    special = site.mirror / "special"
    special.symlink_to("x")
    os.utime(special, (0, 0), follow_symlinks=False)
    site.build()
    assert site.build().read == 0
    special.unlink()
    os.mkfifo(special)
    site.build()
    reason = "select reason from documents where status = 'skipped'"
    assert site.rows(reason) == [("no regular file",)]


def test_a_file_of_another_age_is_read_each_time(site: Site) -> None:
    """A time that no stamp can hold stops no build, and the next build reads the file again."""
    os.utime(site.mirror / RECORD, (0, 10_413_792_000))
    for _ in range(2):
        assert site.build().read == 1


@pytest.mark.parametrize("year", [1600, 2300, 9999])
def test_whatever_the_system_tells_of_a_file_can_be_listed(year: int) -> None:
    """The largest numbers of a file, and of many such files, fit into the tables."""
    modified_ns = (year - 1970) * 31_556_952 * 10**9
    told = (0o100644, 2**64 - 1, 0, 1, 0, 0, 2**63 - 1, 0, 0, 0)
    status = os.stat_result(told, {"st_mtime_ns": modified_ns})
    entry = files._entry(b"x", status)  # noqa: SLF001 - no disk here holds such a file
    with duckdb.connect() as connection:
        assert inventory.list_files(connection, [entry] * 100, repeated=False) == 100
        (total,) = row_of(connection, "select sum(size)::bigint from current_files")
    assert total > 2**50
    assert entry.modified_ns == 2**63 - 1  # which no build keeps


def test_another_program_judges_again_what_was_refused_unread(
    site: Site, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document too large for one program is read by the next, which reads nothing else."""
    small = Limits(document_bytes=len(REAL[RECORD]) - 1)
    site.build(rescan=True, limits=small)
    refused = site.rows("select count(*) from documents where status = 'refused'")
    assert refused > [(0,)]
    opened.clear()
    site.build()
    assert opened == []
    for name in ("version", "digest"):
        monkeypatch.setattr(program, name, lambda: "another")
    site.build()
    assert [(len(opened),)] == refused
    assert site.rows("select count(*) from documents where status <> 'ok'") == [(0,)]


# -- stale documents --------------------------------------------------------------------------


def test_a_document_that_stops_parsing_keeps_its_rows(site: Site) -> None:
    """Its last good rows stay, marked stale, with a finding, over any number of builds."""
    good = site.rows("select pith_number, title from papers order by all")
    site.put(RECORD, REAL[RECORD][:2000])
    for _ in range(2):
        site.build()
        assert site.rows("select pith_number, title from papers order by all") == good
        assert site.rows("select status from documents where stale") == [("refused",)]
        codes = "select code, count(*) from findings where code like 'document%' group by all"
        assert sorted(site.rows(codes)) == [("document_refused", 1), ("document_stale", 1)]


def test_a_document_that_breaks_is_a_change(site: Site) -> None:
    """So is one that breaks otherwise, and one that parses again, though its rows stay."""
    for content in (REAL[RECORD][:2000], REAL[RECORD][:1000], REAL[RECORD]):
        site.put(RECORD, content)
        summary = site.build()
        assert summary.published
        assert summary.changes == Changes(added=0, changed=1, gone=0)


def test_a_stale_document_ends_when_it_parses_again(site: Site) -> None:
    """Once it parses, the tables are as those of a build that never saw it broken."""
    clean = tables(site.warehouse)
    site.put(RECORD, REAL[RECORD][:2000])
    site.build()
    assert tables(site.warehouse) != clean
    site.put(RECORD, REAL[RECORD])
    assert site.build().staged == 0
    assert tables(site.warehouse) == clean


def test_a_stale_document_ends_with_its_file(site: Site, tmp_path: Path) -> None:
    """Once its file is gone, the tables are as those of a build that never saw it."""
    site.put(RECORD, REAL[RECORD][:2000])
    site.build()
    (site.mirror / RECORD).unlink()
    site.build()
    other = Site(tmp_path / "clean")
    other.build(site.mirror)
    assert tables(site.warehouse) == tables(other.warehouse)


def test_what_lies_behind_a_broken_place_stays(tmp_path: Path) -> None:
    """Documents of a truncated archive that cannot be reached stay as stale."""
    site = Site(tmp_path)
    lines = [content.replace(b"\n", b"") for content in REAL.values()]
    site.put("all.jsonl.gz", gzip.compress(b"\n".join(lines), mtime=0))
    site.build()
    papers = site.rows("select pith_number from papers order by all")
    assert len(papers) == 5
    whole = (site.mirror / "all.jsonl.gz").read_bytes()
    site.put("all.jsonl.gz", whole[: len(whole) // 2])
    site.build()
    assert site.rows("select pith_number from papers order by all") == papers
    stale = site.rows("select position, status from documents where stale order by position")
    assert stale[-1] == (5, "unreadable")
    site.put("all.jsonl.gz", whole)
    site.build()
    assert site.rows("select count(*) from documents where stale") == [(0,)]


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Return a function that makes a directory impossible to list, even for root."""

    def shut(directory: Path) -> None:
        closed, real = os.fsencode(directory), os.scandir

        def scandir(path: bytes) -> object:
            if path == closed:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return real(path)

        monkeypatch.setattr("pipeline.sources.files.os.scandir", scandir)

    return shut


def test_documents_below_a_directory_that_cannot_be_listed_are_stale(
    tmp_path: Path, shut: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They keep their rows until the directory can be listed again, and those beside it count."""
    site = Site(tmp_path)
    contents = [REAL[name] for name in sorted(REAL)]
    names = ["shut/a.json", "shut/below/b.json", "shut-not/c.json", "shut.json", "z/d.json"]
    site.put_all(dict(zip(names, contents, strict=True)))
    site.build()
    papers = site.rows("select pith_number, title from papers order by all")
    shut(site.mirror / "shut")
    (site.mirror / "z" / "d.json").unlink()
    with pytest.raises(ShrinkError):
        site.build(max_shrink=10)
    for _ in range(2):
        site.build(max_shrink=None)
        stale = site.rows("select path, status, reason from documents where stale order by path")
        assert [Path(str(path)).name for path, _, _ in stale] == ["a.json", "b.json"]
        reason = "the directory cannot be listed: Permission denied"
        assert {(status, why) for _, status, why in stale} == {("unreadable", reason)}
        assert site.rows("select count(*) from findings where code = 'document_stale'") == [(2,)]
        assert len(site.rows("from papers")) == len(papers) - 1
    monkeypatch.undo()
    site.put(names[-1], contents[-1])
    assert site.build().staged == 0
    assert site.rows("select pith_number, title from papers order by all") == papers
    assert site.rows("select count(*) from documents where stale") == [(0,)]
    shutil.rmtree(site.mirror / "shut")
    site.build(max_shrink=None)
    assert len(site.rows("from documents")) == len(names) - 2


def test_a_directory_that_cannot_be_listed_may_lie_below_another(
    tmp_path: Path, shut: Callable[[Path], None]
) -> None:
    """If one source is below another, all documents stay: before, in and after the inner one."""
    site = Site(tmp_path)
    names = ["a.json", "sub/b.json", "sub/deep/c.json", "sub-not/d.json", "z/e.json"]
    site.put_all(dict(zip(names, REAL.values(), strict=True)))
    sources = [site.mirror, site.mirror / "sub", site.mirror / "sub" / "deep"]
    site.build(*sources)
    for directory in sources:
        shut(directory)
    site.build(*sources)
    stale = "select path from documents where stale order by path"
    expected = sorted(str(site.mirror / name) for name in names)
    assert [path for (path,) in site.rows(stale)] == expected


def test_a_state_out_of_reach_may_differ_from_its_bundle(
    tmp_path: Path, shut: Callable[[Path], None]
) -> None:
    """A stale state keeps its rows, though the place where it differs cannot be read."""
    site, case = Site(tmp_path), REPO / "tests" / "cases" / "state_altered_fail"
    site.put("bundle.json", (case / "bundle.json").read_bytes())
    site.put("shut/state.json", (case / "state.json").read_bytes())
    differing = "select merge_status, merge_pointer is null from states where not embedded"
    site.build()
    assert site.rows(differing) == [("differs", False)]
    shut(site.mirror / "shut")
    site.build(max_shrink=None)
    assert site.rows(differing) == [("differs", True)]


@pytest.mark.parametrize("name", ["state.json", "bundle.json"])
def test_where_a_state_differs_is_read_in_a_copy_that_still_holds_it(
    tmp_path: Path, name: str
) -> None:
    """If one of two copies of the state or the bundle is stale, the pointer is still found."""
    site, case = Site(tmp_path), REPO / "tests" / "cases" / "state_altered_fail"
    for file in ("bundle.json", "state.json"):
        site.put(file, (case / file).read_bytes())
    content = (case / name).read_bytes()
    site.put("a.json", content)
    site.build()
    pointer = "select merge_status, merge_pointer from states where not embedded"
    ((status, place),) = expected = site.rows(pointer)
    assert (status, place is None) == ("differs", False)
    site.put("a.json", content[:-40])
    site.build(max_shrink=None)
    assert len(site.rows("from documents where stale")) == 1
    assert site.rows(pointer) == expected


def test_a_document_without_a_good_past_is_not_stale(tmp_path: Path) -> None:
    """A document that never parsed has no rows to keep."""
    site = Site(tmp_path)
    site.put("a.json", REAL[RECORD][:2000])
    site.build()
    assert site.rows(PROBLEM) == [("refused", False)]


# -- the listing itself -----------------------------------------------------------------------


def test_a_listing_that_still_says_all_is_not_written_again(site: Site) -> None:
    """A run without changes leaves the listing alone; one after a change writes it."""
    folder = site.warehouse / "staging" / "listings"
    age(site.mirror.iterdir())
    site.build()
    (saved,) = folder.iterdir()
    assert not site.build().published
    assert list(folder.iterdir()) == [saved]
    path = site.put("copy.json", REAL[RECORD])
    age([path])
    site.build()
    (newer,) = folder.iterdir()
    assert newer != saved
    path.unlink()
    site.build(max_shrink=None)
    assert list(folder.iterdir()) != [newer]


@pytest.mark.parametrize("content", [b"PAR1 garbage PAR1", b"\0" * 4000])
def test_a_broken_listing_costs_reading_and_nothing_else(site: Site, content: bytes) -> None:
    """Without a listing to trust everything is read, nothing staged, and nothing changes."""
    (listing,) = (site.warehouse / "staging" / "listings").iterdir()
    (listing / "files.parquet").write_bytes(content)
    summary = site.build()
    assert (summary.read, summary.staged, summary.published) == (5, 0, False)
    assert site.build().read == 0


def test_a_broken_listing_loses_no_last_good_rows(site: Site) -> None:
    """A stale document stays stale, one that fails now becomes stale, and a notice says so."""
    good = site.rows("select pith_number, title from papers order by all")
    first, second, *_ = REAL
    site.put(first, REAL[first][:1000])
    site.build()
    site.put(second, REAL[second][:1000])
    folder = _listing(site)
    (folder / "documents.parquet").write_bytes(b"PAR1")
    summary = site.build(max_shrink=20)
    assert summary.notices == [
        f"files are read again: the listing {folder.name} is damaged, or another version's"
    ]
    assert site.rows("select pith_number, title from papers order by all") == good
    assert site.rows("select count(*) from documents where stale") == [(2,)]
    assert site.build().notices == []


def test_a_listing_that_is_gone_loses_no_last_good_rows(site: Site) -> None:
    """The last good content is read from the published snapshot, and nothing new is published."""
    site.put(RECORD, REAL[RECORD][:1000])
    site.build()
    shutil.rmtree(_listing(site))
    summary = site.build()
    assert (summary.read, summary.published, summary.notices) == (5, False, [])


def test_a_build_that_is_cut_off_after_publishing_keeps_its_listing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing of a snapshot is saved before the snapshot is published."""

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.warehouse.snapshot.publish", cut)
    site.put("new.json", REAL[RECORD].replace(b"MXNet:", b"MXNet -", 1))
    with pytest.raises(KeyboardInterrupt):
        site.build()
    monkeypatch.undo()
    summary = site.build()
    assert (summary.read, summary.staged, summary.published) == (0, 0, True)


# -- any history gives the same bytes -----------------------------------------------------------


def test_five_incremental_steps_equal_one_clean_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added, changed, removed, moved and re-added documents leave no trace in the tables.

    The tables have several ranges, and staging is deleted before the last step.
    """
    monkeypatch.setattr(ranges, "MOST_PAPERS", 5)
    site = synthetic(tmp_path / "steps", papers=12)
    paths = sorted(site.mirror.rglob("*.json"))
    contents = {path.relative_to(site.mirror).as_posix(): path.read_bytes() for path in paths}
    names = sorted(contents)
    for name in names[::3]:
        (site.mirror / name).unlink()
    site.build()
    site.put_all({name: contents[name] for name in names[::3]})  # add
    assert site.build().staged == len(names[::3])
    site.put(names[1], contents[names[2]][:-40])  # change: names[1] becomes stale
    site.build()
    for name in names[3:10]:
        (site.mirror / name).unlink()  # remove
    site.build(max_shrink=None)
    (site.mirror / names[20]).rename(site.mirror / "moved.json")  # move
    site.build()
    site.put_all({name: contents[name] for name in [names[1], *names[3:10]]})  # re-add
    shutil.rmtree(site.warehouse / "staging")
    site.build()
    clean = Site(tmp_path / "clean")
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "keyring.json").write_bytes(site.keyring.read_bytes())
    clean.build(site.mirror)
    assert len(list((clean.warehouse / "current").glob("papers/*.parquet"))) > 1
    assert tables(site.warehouse) == tables(clean.warehouse)


@pytest.mark.parametrize("archived", [False, True])
def test_lines_that_are_emptied_keep_their_documents(tmp_path: Path, *, archived: bool) -> None:
    """A file or member that held documents and is empty now is unreadable; its rows stay."""
    source, warehouse = tmp_path / "source", tmp_path / "warehouse"
    source.mkdir()
    samples = [json.dumps(json.loads(file.read_bytes())) for file in sorted(SAMPLES.iterdir())]

    def write(lines: list[str]) -> None:
        raw = "\n".join(lines).encode()
        if archived:
            (source / "x.tar").write_bytes(packed_tar({"lines.ndjson": raw}))
        else:
            (source / "lines.ndjson").write_bytes(raw)

    write(samples)
    before = build_warehouse(warehouse, source).rows["papers"]
    for _ in range(2):
        write([])
        assert build_warehouse(warehouse, source).rows["papers"] == before > 0
        stale = rows(warehouse, "select status, stale, count(*) from documents group by all")
        assert stale == [("unreadable", True, len(samples))]
