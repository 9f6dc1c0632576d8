"""`pith-etl build` as a timer runs it: its exit codes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from pathlib import Path

import pytest

from pipeline.cli.summary import as_text
from pipeline.jobs.runs import Summary
from tests.console import Build, Console
from tests.site import (
    ANOTHER,
    CHANGED,
    REAL,
    RECORD,
    Site,
    await_end,
    tables,
)


def test_a_clean_build_exits_with_0(build: Build) -> None:
    """Published, nothing refused, no error found: 0, and 0 again when nothing changed."""
    assert build().code == 0
    again = build()
    assert again.code == 0
    assert "nothing changed since" in again.output


def test_refused_documents_exit_with_3(site: Site, build: Build) -> None:
    """Published with a refused document: 3, also when nothing changed since, unless `never`."""
    site.put("refused.json", REAL[RECORD][:2000])
    assert build().code == 3
    assert (site.warehouse / "current").exists()
    assert build().code == 3
    assert build("--fail-on", "never").code == 0


def test_an_exit_with_3_says_why_and_what_shows_it(
    site: Site, build: Build, console: Console
) -> None:
    """The summary has the counts by status and the worst codes, and queries that show both.

    So has the summary of the next night, which changes nothing.
    """
    site.put_all({f"{number}.json": REAL[RECORD][: 2000 + number] for number in range(20)})
    for _night in range(2):
        output = build().output
        assert "documents by status: 5 ok, 20 refused" in output
        assert re.search(r"findings: .*\n  document_refused +20 error\n  state_not_repr", output)
        tries = [line for line in output.splitlines() if line.startswith("try: ")]
        shown = [console(*shlex.split(line)[2:]) for line in tries]
        assert [found.code for found in shown] == [0, 0]
        assert "document_refused" in shown[0].output
        assert "19.json" in shown[1].output


def test_a_source_without_a_document_is_said_and_exits_with_3(site: Site, build: Build) -> None:
    """Each build says so and exits with 3, or with 0 if `--fail-on never` is given."""
    shutil.rmtree(site.mirror)
    site.put("notes.txt", b"notes")
    for _ in range(2):
        finished = build()
        assert finished.code == 3
        assert f"no Pith document was recognised in {site.mirror}/\n" in finished.output
        assert f"warning no Pith document was recognised in {site.mirror}/\n" in finished.errors
        assert "try: " in finished.output
        assert "select status, reason, count(*) from documents" in finished.output
    assert build("--fail-on", "never").code == 0


def test_one_source_of_two_without_a_document_is_named(site: Site, build: Build) -> None:
    """Documents in one source do not hide that there are none in another, a file or directory."""
    (site.root / "empty").mkdir()
    (site.root / "mirror-notes.txt").write_bytes(b"notes")
    finished = build(site.root / "empty", site.root / "mirror-notes.txt")
    assert finished.code == 3
    warned = re.findall(r"warning no Pith document was recognised in (.*)", finished.errors)
    assert warned == [f"{site.root}/empty/", f"{site.root}/mirror-notes.txt"]
    assert build().code == 0


def test_a_night_of_foreign_files_exits_with_3_once(built_site: Site, rebuild: Build) -> None:
    """If no new input is a Pith document, that build says so; the next one has nothing new."""
    built_site.put("notes.txt", b"notes")
    finished = rebuild()
    assert finished.code == 3
    assert "of 1 new inputs none is a Pith document" in finished.errors
    assert rebuild().code == 0
    built_site.put("more.txt", b"notes, too")
    built_site.put("more.json", ANOTHER)
    assert rebuild().code == 0


def test_findings_exit_with_3_from_a_severity_on(build: Build) -> None:
    """The samples have one finding, of severity info: it fails if that is asked for."""
    assert build("--fail-on", "info").code == 3
    for severity in ("warning", "never"):
        assert build("--fail-on", severity).code == 0


def test_nothing_published_exits_with_1(site: Site, build: Build, console: Console) -> None:
    """A source that is not there, or a warehouse that is no directory: 1 and the reason."""
    missing = console("build", site.root / "nowhere", "--warehouse", site.warehouse)
    assert missing.code == 1
    assert "cannot read the source" in missing.errors
    site.warehouse.touch()
    broken = build()
    assert broken.code == 1
    assert "cannot write the warehouse" in broken.errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers", "0"],
        ["--max-shrink", "many"],
        ["--max-shrink", "nan"],
        ["--max-shrink", "inf"],
        ["--fail-on", "bad"],
        ["--keep", "0"],
        ["--x"],
    ],
)
def test_wrong_usage_exits_with_2(build: Build, arguments: list[str]) -> None:
    """An unknown option or an impossible value: 2."""
    assert build(*arguments).code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_exits_with_130(
    built_site: Site, monkeypatch: pytest.MonkeyPatch, rebuild: Build, number: signal.Signals
) -> None:
    """The published snapshot stays the only one, and the next build stages nothing again."""
    before = tables(built_site.warehouse)
    built_site.put(RECORD, CHANGED)

    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr("pipeline.warehouse.snapshot.make_durable", interrupt)
    finished = rebuild()
    assert finished.code == 130
    assert finished.errors.endswith("pith-etl: interrupted\n")
    assert tables(built_site.warehouse) == before
    assert len(list((built_site.warehouse / "snapshots").iterdir())) == 1
    monkeypatch.undo()
    assert built_site.build().staged == 0


def test_real_processes_exit_alike(site: Site) -> None:
    """A real process exits with 3 on a refused document, and with 1 without a source."""
    site.put("refused.json", REAL[RECORD][:2000])
    process = site.start()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in errors) == (3, False)
    shutil.rmtree(site.mirror)
    process = site.start()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("pith-etl: cannot read the source")
    await_end(process.pid)


def test_an_empty_source_is_wrong_usage(site: Site, console: Console) -> None:
    """An empty source, as from an unset variable of a shell, builds nothing and writes no file."""
    report = site.root / "report.json"
    finished = console("build", "", "--warehouse", site.warehouse, "--report", report)
    assert (finished.code, finished.output) == (2, "")
    assert "a source is empty" in finished.errors
    assert not site.warehouse.exists()
    assert not report.exists()


def test_a_summary_needs_no_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build whose working directory was removed still says what it did."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    summary = Summary(snapshot="20260101T000000.000000Z", warehouse="warehouse", workers=1)
    assert "try: pith-etl sql" in as_text(summary, 0)
