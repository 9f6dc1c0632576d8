"""`pith-etl build` as a timer runs it: exit codes, the guard, reports, metrics, logs, bad disks."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipeline import catalog
from pipeline.cli.summary import as_text
from pipeline.errors import ShrinkError
from pipeline.jobs.runs import Summary
from pipeline.sources import reading
from pipeline.sources.files import InputFile
from pipeline.warehouse import snapshot
from pipeline.warehouse.run_figures import Changes
from tests.console import Console, Finished
from tests.site import REAL, Site, await_end, await_line, log_of, synthetic, tables

RECORD = "000_97f37641e2d9eba2.txt"
CHANGED = REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1)
ANOTHER = REAL[RECORD] + b"\n"

Build = Callable[..., Finished]


@pytest.fixture
def build(site: Site, console: Console) -> Build:
    """Return a function that runs `pith-etl build` on the mirror."""

    def run(*arguments: object) -> Finished:
        given = ("--warehouse", site.warehouse, "--workers", 1, "--progress", "none")
        return console("build", site.mirror, *given, *arguments)

    return run


# -- exit codes -------------------------------------------------------------------------------


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
    """Each night says so where no Pith document is recognised, unless `never`."""
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


def test_a_night_of_foreign_files_exits_with_3_once(site: Site, build: Build) -> None:
    """If no new input is a Pith document, that build says so; the next one has nothing new."""
    build()
    site.put("notes.txt", b"notes")
    finished = build()
    assert finished.code == 3
    assert "of 1 new inputs none is a Pith document" in finished.errors
    assert build().code == 0
    site.put("more.txt", b"notes, too")
    site.put("more.json", ANOTHER)
    assert build().code == 0


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
    """An option that cannot be: 2."""
    assert build(*arguments).code == 2


@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&1 >/dev/null | true"])
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_log_that_cannot_be_written_ends_no_build(
    site: Site, streams: str, log_format: str
) -> None:
    """A full disk below the log, or a reader of it that left, costs the lines and nothing else."""
    site.put("refused.json", REAL[RECORD][:2000])
    options = ("--progress", "plain", "--log-format", log_format, "--workers", "1")
    assert _shell(site, streams, *options).returncode in {3, 0}  # of `true`
    assert site.rows("select count(*) from documents") == [(6,)]
    failed = _shell(site, "2>/dev/full", *options, "--max-shrink", "nan")
    assert failed.returncode == 2


def _shell(site: Site, streams: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a build whose streams go where the shell leads them."""
    program = f'"$0" -c "from pipeline.cli.main import main; main()" "$@" {streams}'
    build = ("build", str(site.mirror), "--warehouse", str(site.warehouse), *options)
    command = ["/bin/sh", "-c", program, sys.executable, *build]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def test_a_summary_that_cannot_be_printed_is_told(site: Site) -> None:
    """When standard output is full the build exits with 1, and says that it published."""
    finished = _shell(site, ">/dev/full", "--json", "--progress", "none", "--log-format", "json")
    (line,) = log_of(finished.stderr)
    assert finished.returncode == 1
    assert line["message"] == (
        "the snapshot is published, but standard output cannot be written: No space left on device"
    )
    assert site.rows("select count(*) from papers") == [(5,)]


@pytest.mark.parametrize("option", ["--report", "--metrics", "--html"])
def test_a_stream_is_appended_to(site: Site, option: str) -> None:
    """Output to a stream that is named as a file is appended, for any kind of stream."""
    log = site.root / "log"
    log.write_text("before\n")
    for name, streams in (("/dev/stdout", ">>"), ("/dev/stderr", "2>>"), ("/dev/fd/7", "7>>")):
        finished = _shell(site, f"{streams} '{log}'", option, name, "--progress", "none")
        assert (finished.returncode, finished.stderr) == (0, "")
    text = log.read_text()
    assert text.startswith("before\n")
    assert text.count("# EOF") == 3 * (option == "--metrics")
    assert text.count('"version":1') == 3 * (option == "--report")
    assert text.count("<!doctype html>") == 3 * (option == "--html")
    assert "try: " in text
    refused = _shell(site, "7<&-", option, "/dev/fd/7")
    assert refused.returncode == 2


@pytest.mark.parametrize("option", ["--report", "--metrics", "--html"])
def test_a_report_that_cannot_be_written_is_told_first(
    site: Site, build: Build, option: str
) -> None:
    """A file in no directory is wrong usage, found before anything is built."""
    finished = build(option, site.root / "nowhere" / "file")
    assert finished.code == 2
    assert "must be a directory to write in" in finished.errors
    assert not site.warehouse.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_exits_with_130(
    site: Site, monkeypatch: pytest.MonkeyPatch, build: Build, number: signal.Signals
) -> None:
    """The published snapshot stays, no half-written file remains, and the next build succeeds."""
    build()
    before = tables(site.warehouse)
    site.put(RECORD, CHANGED)

    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr("pipeline.warehouse.snapshot.make_durable", interrupt)
    finished = build()
    assert finished.code == 130
    assert finished.errors.endswith("pith-etl: interrupted\n")
    assert tables(site.warehouse) == before
    assert len(list((site.warehouse / "snapshots").iterdir())) == 1
    monkeypatch.undo()
    assert site.build().staged == 0


def test_real_processes_exit_alike(site: Site) -> None:
    """The codes are those of a real process: 3 with a refused document, 1 without a source."""
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


# -- the guard against the empty mount --------------------------------------------------------


def test_an_empty_mount_publishes_nothing(site: Site, build: Build) -> None:
    """When everything vanished, the tables stay, the run says why and exits with 1."""
    build()
    before = tables(site.warehouse)
    for path in site.mirror.iterdir():
        path.unlink()
    finished = build()
    assert finished.code == 1
    assert "5 of the 5 documents of the last snapshot vanished or fail, more than 10%" in (
        finished.errors
    )
    assert "--allow-shrink" in finished.errors
    assert tables(site.warehouse) == before
    assert build("--allow-shrink").code == 3
    assert site.rows("select count(*) from documents") == [(0,)]


def test_the_guard_counts_documents_that_fail(site: Site, build: Build) -> None:
    """Documents that are there but do not parse count as those that vanished."""
    build()
    for name, content in REAL.items():
        site.put(name, content[:1000])
    assert build().code == 1
    assert build("--max-shrink", "100").code == 3


def test_the_guard_has_a_share(site: Site, build: Build) -> None:
    """One of five is 20 %: refused at 10, published at 20."""
    build()
    (site.mirror / RECORD).unlink()
    assert build().code == 1
    assert build("--max-shrink", "20").code == 0


def test_moving_the_mirror_is_no_shrink(site: Site, console: Console) -> None:
    """The same documents under other paths did not vanish, and are not parsed again."""
    site.build()
    moved = site.mirror.rename(site.root / "elsewhere")
    finished = console("build", moved, "--warehouse", site.warehouse, "--json")
    assert finished.code == 0
    assert json.loads(finished.output)["staged"] == 0


def test_a_refused_shrink_forgets_nothing(site: Site) -> None:
    """After a build that failed without the mount, the next one has nothing to read or publish."""
    site.build()
    aside = site.mirror.rename(site.root / "aside")
    site.mirror.mkdir()
    with pytest.raises(ShrinkError):
        site.build(max_shrink=10)
    site.mirror.rmdir()
    aside.rename(site.mirror)
    summary = site.build(max_shrink=10)
    assert (summary.read, summary.staged, summary.published) == (0, 0, False)


@pytest.mark.parametrize("damaged", [False, True])
def test_the_guard_counts_stale_documents(site: Site, *, damaged: bool) -> None:
    """Stale ones may stay so, and count as lost when they go, as their rows do."""
    site.build()
    for name, content in REAL.items():
        site.put(name, content[:1000])
    site.build()
    site.put("more.json", ANOTHER)
    site.build(max_shrink=0)
    if damaged:
        (site.warehouse / "current" / "documents" / "part-0.parquet").unlink()
    for path in site.mirror.iterdir():
        path.unlink()
    with pytest.raises(ShrinkError, match="6 of the 6 documents"):
        site.build(max_shrink=10)


def test_a_stale_document_whose_content_is_elsewhere_is_not_lost(site: Site) -> None:
    """A stale document's last content has not vanished if it is found under another path."""
    site.build()
    site.put(RECORD, REAL[RECORD][:1000])
    site.build()
    (site.mirror / RECORD).unlink()
    site.put("moved.json", REAL[RECORD])
    assert site.build(max_shrink=0).documents == {"bundle": 2, "record": 2, "state": 1}


def _damage(site: Site, damage: str) -> None:
    """Leave no table of documents of the last snapshot that a build could read."""
    current = site.warehouse / "current"
    manifest = current / "manifest.json"
    if damage == "no current":
        current.unlink()
    elif damage == "older layout":
        older = manifest.read_text().replace(f'"layout": {snapshot.LAYOUT}', '"layout": 1')
        manifest.write_text(older)
    else:
        (current / "documents" / "part-0.parquet").unlink()


_DAMAGES = ["no current", "older layout", "broken table"]


@pytest.mark.parametrize("damage", _DAMAGES)
def test_the_guard_needs_no_snapshot(site: Site, damage: str) -> None:
    """After an upgrade, or where the snapshot is damaged, an empty mount publishes nothing."""
    site.build()
    _damage(site, damage)
    for path in site.mirror.iterdir():
        path.unlink()
    with pytest.raises(ShrinkError, match="5 of the 5 documents"):
        site.build(max_shrink=10)
    assert site.build(max_shrink=None).documents == {}


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
    """A share that is reached is not passed, though 2.3 times 1000 is less than 2300 in floats."""
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
    site: Site, name: str, content: bytes | None, *, changed: bool
) -> None:
    """Whichever file of it is gone or broken, the next build makes all tables anew, and says so."""
    site.build()
    expected = tables(site.warehouse)
    found = site.warehouse / "current" / name
    file = found / "part-0.parquet" if found.is_dir() else found
    file.unlink() if content is None else file.write_bytes(content)
    if changed:
        site.put("more.json", ANOTHER)
    summary = site.build(max_shrink=10)
    place = str(file.relative_to(site.warehouse / "current"))
    assert summary.notices == [f"the tables are made anew: {place} of the last snapshot is damaged"]
    assert (summary.published, summary.staged) == (True, int(changed))
    if not changed:
        assert tables(site.warehouse) == expected
    assert not site.build().published


# -- what a run tells -------------------------------------------------------------------------


def test_the_report_is_what_json_prints(site: Site, build: Build) -> None:
    """`--report` writes the summary of `--json`: versioned, with times, rows and memory."""
    finished = build("--report", site.root / "report.json", "--json")
    report = json.loads((site.root / "report.json").read_text())
    assert report == json.loads(finished.output)
    assert report["version"] == 1
    assert report["exit_code"] == 0
    assert set(report["seconds"]) == {"discover", "stage", "model", "audit", "publish"}
    assert set(report["rows"]) == set(catalog.tables())
    assert report["bytes"] == sum(len(content) for content in REAL.values())
    assert report["codes"] == {"state_not_reproducible": 1}
    assert report["documents_per_second"] > 0
    assert report["peak_bytes"]["main"] > 10**7


def _metrics(text: str) -> dict[str, float]:
    """Return the samples of an OpenMetrics text, each by its name and its label."""
    # the library has no types
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    samples = itertools.chain.from_iterable(family.samples for family in families)
    return {
        name + "".join(f'{{{key}="{label}"}}' for key, label in labels.items()): value
        for name, labels, value, *_ in samples
    }


def test_metrics_are_open_metrics(site: Site, build: Build) -> None:
    """`--metrics` writes the figures of the report, for a collector, unless it is refused."""
    site.put("refused.json", REAL[RECORD][:2000])
    path = site.root / "pith.prom"
    assert build("--metrics", path).code == 3
    found = _metrics(path.read_text())
    assert found["pith_etl_exit_code"] == 3
    assert found["pith_etl_published"] == 1
    assert found["pith_etl_refused_documents"] == 1
    assert found['pith_etl_rows{table="papers"}'] == 5
    assert found['pith_etl_findings{severity="error"}'] == 1
    assert found['pith_etl_changes{change="added"}'] == 6
    assert found["pith_etl_last_attempt_timestamp_seconds"] > 1.7e9
    assert found['pith_etl_peak_memory_bytes{process="main"}'] > 10**7
    assert [other.name for other in site.root.iterdir() if other.name.startswith(".")] == []


def test_a_run_without_changes_tells_all_that_is_published(site: Site, build: Build) -> None:
    """The figures of the tables are as before, and those of the work are zero."""
    site.put(RECORD, REAL[RECORD].replace(b"{", b'{"new_field":1,', 1))
    first, again = (json.loads(build("--json").output) for _ in range(2))
    told = ("documents", "refused", "extra_fields", "rows", "findings", "codes", "inputs_sha256")
    assert first["extra_fields"] == 1
    assert {name: again[name] for name in told} == {name: first[name] for name in told}
    assert (first["read_documents"], again["read_documents"]) == (5, 0)
    assert (first["documents_per_second"] > 0, again["documents_per_second"]) == (True, 0)


def test_metrics_of_a_run_without_changes(site: Site, build: Build) -> None:
    """A run that publishes nothing gives the figures of the published snapshot."""
    build()
    path = site.root / "pith.prom"
    build("--metrics", path)
    found = _metrics(path.read_text())
    assert (found["pith_etl_published"], found["pith_etl_files_read"]) == (0, 0)
    assert found['pith_etl_rows{table="papers"}'] == 5


def test_metrics_are_replaced_at_once(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector that reads meanwhile sees all of a file; a failure leaves the old one."""
    path = site.root / "pith.prom"
    path.write_text("old")

    real = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target != path:
            return real(self, target)
        assert self.read_text().endswith("# EOF\n")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail)
    finished = build("--metrics", path)
    assert finished.code == 1
    assert "the snapshot is published, but" in finished.errors
    assert path.read_text() == "old"


_FILES = pytest.mark.parametrize("option", ["--report", "--metrics", "--html"])


@_FILES
def test_what_is_no_file_is_written_to(site: Site, build: Build, option: str) -> None:
    """A FIFO gets the same text as a file, and stays a FIFO; a link's target is replaced."""
    fifo, link = site.root / "fifo", site.root / "link"
    os.mkfifo(fifo)
    link.symlink_to("file")
    reader = subprocess.Popen(["/bin/cat", fifo], stdout=subprocess.PIPE)  # noqa: S603 - ours
    assert build(option, fifo).code == 0
    read, _ = reader.communicate(timeout=10)
    assert len(read) > 100
    assert fifo.is_fifo()
    assert build(option, link).code == 0
    assert link.is_symlink()
    assert len((site.root / "file").read_bytes()) > 100


@_FILES
def test_a_file_may_stand_in_a_new_warehouse(site: Site, console: Console, option: str) -> None:
    """The build makes the directory of the warehouse, and the file in it, also if it fails."""
    warehouse = site.root / "new" / "warehouse"
    options = ("--warehouse", warehouse, "--workers", 1, option, warehouse / "file")
    assert console("build", site.mirror, *options).code == 0
    assert (warehouse / "file").stat().st_size > 100
    shutil.rmtree(site.root / "new")
    assert console("build", site.root / "nowhere", *options).code == 1
    assert (warehouse / "file").exists()


def _full(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Let there be no room for one file."""
    real = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target != file:
            return real(self, target)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail)


def test_a_page_that_fails_is_told_everywhere(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log, report, metrics and exit code say that the page is missing, and what is published."""
    files = [site.root / name for name in ("page.html", "report.json", "metrics.prom")]
    _full(monkeypatch, files[0])
    options = zip(("--html", "--report", "--metrics"), files, strict=True)
    finished = build("--log-format", "json", *itertools.chain(*options))
    (line,) = log_of(finished.errors)
    facts, figures = json.loads(files[1].read_text()), _metrics(files[2].read_text())
    assert (finished.code, line["level"]) == (1, "error")
    assert f"the snapshot is published, but {files[0]} cannot be written" in line["message"]
    assert facts["notices"] == [line["message"]]
    assert (facts["exit_code"], facts["published"]) == (1, True)
    assert (figures["pith_etl_exit_code"], figures["pith_etl_published"]) == (1, 1)
    assert site.rows("select count(*) from papers") == [(5,)]


def test_metrics_tell_of_a_report_that_fails(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metrics are written whatever becomes of the report, with the exit code that follows."""
    report, metrics = site.root / "report.json", site.root / "metrics.prom"
    _full(monkeypatch, report)
    finished = build("--report", report, "--metrics", metrics)
    figures = _metrics(metrics.read_text())
    assert f"published, but {report} cannot be written: No space left" in finished.errors
    assert finished.code == figures["pith_etl_exit_code"] == 1
    assert figures["pith_etl_published"] == 1
    assert figures['pith_etl_rows{table="papers"}'] == 5


def test_an_empty_source_is_wrong_usage(site: Site, console: Console) -> None:
    """An unset variable of a shell builds nothing, and writes no file."""
    report = site.root / "report.json"
    finished = console("build", "", "--warehouse", site.warehouse, "--report", report)
    assert (finished.code, finished.output) == (2, "")
    assert "a source is empty" in finished.errors
    assert not site.warehouse.exists()
    assert not report.exists()


def test_the_log_is_json_throughout(site: Site) -> None:
    """With `--log-format json` each line of standard error is an object, even the last one."""
    process = site.start("--log-format", "json", "--workers", "2")
    _, errors = process.communicate(timeout=60)
    lines = log_of(errors)
    assert process.returncode == 0
    assert [line["message"] for line in lines][:2] == ["stage", "stage"]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])
        assert line["level"] == "info"


def test_errors_are_lines_of_a_json_log(site: Site, build: Build) -> None:
    """The error that ends a build and its notices are lines of the log, too."""
    build()
    (site.warehouse / "current").unlink()
    noticed = log_of(build("--log-format", "json").errors)
    assert [line["level"] for line in noticed] == ["warning"]
    assert "no snapshot is published" in noticed[0]["message"]
    for path in site.mirror.iterdir():
        path.unlink()
    refused = build("--log-format", "json")
    (line,) = log_of(refused.errors)
    assert (refused.code, line["level"]) == (1, "error")
    assert "vanished or fail" in line["message"]


def test_a_defect_is_a_line_of_a_json_log(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error ends a build with 1, and one object that says where it was raised."""

    def fail(*_: object) -> None:
        message = "no more\nluck"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("pipeline.cli.nightly.build", fail)
    finished = build("--log-format", "json")
    (line,) = log_of(finished.errors)
    assert (finished.code, line["level"]) == (1, "error")
    assert line["message"] == "ZeroDivisionError: no more\nluck"
    assert "in fail" in line["traceback"]
    with pytest.raises(ZeroDivisionError):
        build()


@pytest.mark.parametrize(
    ("error", "code"),
    [(ShrinkError("too few"), 1), (KeyboardInterrupt(), 130), (ZeroDivisionError("x"), 1)],
)
def test_a_failed_run_writes_its_files(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """The report and the metrics of a run that failed have its exit code and no snapshot."""
    report, metrics = site.root / "report.json", site.root / "metrics.prom"

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.cli.nightly.build", fail)
    options = ("--report", report, "--metrics", metrics, "--log-format", "json")
    assert build(*options).code == code
    facts = json.loads(report.read_text())
    assert (facts["exit_code"], facts["published"], facts["snapshot"]) == (code, False, "")
    assert facts["notices"] == [log_of(build(*options).errors)[0]["message"]]
    figures = _metrics(metrics.read_text())
    assert figures["pith_etl_exit_code"] == code
    assert figures["pith_etl_published"] == 0
    assert len(figures) == 3


def test_a_failed_run_that_cannot_write_its_files_says_why_it_failed(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message gives the error that ended the run, not that the report failed as well."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail)
    shutil.rmtree(site.mirror)
    finished = build("--report", site.root / "report.json")
    assert (finished.code, "cannot read the source" in finished.errors) == (1, True)


def test_an_interrupt_is_a_line_of_a_json_log(site: Site) -> None:
    """An interrupted build ends its JSON log with an object, and exits with 130."""
    dump = synthetic(site.root / "dump", papers=300)
    process = dump.start("--log-format", "json", "--workers", "1")
    await_line(process, "stage")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    lines = log_of(errors)
    assert process.returncode == 130
    assert (lines[-1]["level"], lines[-1]["message"]) == ("error", "interrupted")


# -- files that change while they are read ----------------------------------------------------


def _at_open(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]) -> None:
    """Let something happen to the record right before it is opened."""
    real = reading._open  # noqa: SLF001 - the one place where an input file is opened

    def open_changed(file: InputFile) -> object:
        if file.path.endswith(RECORD):
            change(Path(file.path))
        return real(file)

    monkeypatch.setattr(reading, "_open", open_changed)


def test_a_file_that_vanishes_is_a_finding(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed between its listing and its reading, it is unreadable; the next run forgets it."""
    _at_open(monkeypatch, Path.unlink)
    assert build().code == 3
    unreadable = "select status, reason from documents where status <> 'ok'"
    assert site.rows(unreadable) == [("unreadable", "No such file or directory")]
    monkeypatch.undo()
    assert site.build().refused == 0
    assert site.rows("select count(*) from documents") == [(4,)]


def test_a_file_that_vanishes_keeps_its_rows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it was good before, its rows stay, stale, until the next run sees that it is gone."""
    site.build()
    site.put(RECORD, CHANGED)
    _at_open(monkeypatch, Path.unlink)
    site.build()
    assert site.rows("select status from documents where stale") == [("unreadable",)]
    assert site.rows("select count(*) from papers where title like 'MXNet:%'") == [(1,)]
    monkeypatch.undo()
    site.build()
    assert site.rows("select count(*) from papers where title like 'MXNet:%'") == [(0,)]


def test_a_file_that_grows_is_read_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is read while it is written is refused; the next run reads it whole."""
    site.put(RECORD, REAL[RECORD][:1000])

    def grow(path: Path) -> None:
        path.write_bytes(REAL[RECORD][:2000])

    _at_open(monkeypatch, grow)
    site.build()
    reason = "select reason from documents where status = 'refused'"
    assert site.rows(reason) == [("not JSON: the document ends too early at byte 2000",)]
    monkeypatch.undo()
    site.put(RECORD, REAL[RECORD])
    summary = site.build()
    assert (summary.read, summary.refused) == (1, 0)


# -- bad disks --------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return the mount point of a disk of 8 MB, or skip the test where none can be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(path)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 - fixed words
        pytest.skip("this user may not mount a file system")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)  # noqa: S603, S607 - fixed words


def _fill(path: Path, left: int) -> Path:
    """Fill a disk up to some bytes, and return the file that does."""
    filler = path / "filler"
    free = shutil.disk_usage(path).free
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, free - left))
    return filler


@pytest.mark.parametrize("left", [0, 200_000])
def test_a_full_disk_publishes_nothing(site: Site, disk: Path, console: Console, left: int) -> None:
    """Wherever the room ends, the build says so, exits with 1, and the next one has room again."""
    warehouse = disk / "warehouse"
    arguments = ("build", site.mirror, "--warehouse", warehouse, "--workers", 1)
    assert console(*arguments).code == 0
    before = tables(warehouse)
    site.put("another.json", ANOTHER)
    filler = _fill(disk, left)
    finished = console(*arguments)
    assert finished.code == 1
    assert re.search(r"pith-etl: cannot (write|lock) the warehouse", finished.errors)
    assert "No space left on device" in finished.errors
    assert tables(warehouse) == before
    filler.unlink()
    assert console(*arguments).code == 0
    assert tables(warehouse) != before


def test_a_database_that_cannot_be_committed_is_a_full_disk(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk is full when the views are committed, the build says so as at other times."""
    reason = 'Failed to commit: Could not write file "pith.duckdb.wal": No space left on device'

    def fail(*_: object) -> None:
        raise duckdb.TransactionException(reason)

    monkeypatch.setattr("pipeline.jobs.build.write_database", fail)
    finished = build()
    message = f"pith-etl: cannot write the warehouse {site.warehouse}: {reason}\n"
    assert (finished.code, finished.errors) == (1, message)


def test_a_read_only_warehouse_publishes_nothing(site: Site, disk: Path, console: Console) -> None:
    """A build says so and exits with 1; readers do not mind; writable again, it is built."""
    warehouse = disk / "warehouse"
    arguments = ("build", site.mirror, "--warehouse", warehouse, "--workers", 1)
    assert console(*arguments).code == 0
    site.put("another.json", ANOTHER)

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)  # noqa: S603, S607 - fixed words

    remount("ro")
    finished = console(*arguments)
    assert finished.code == 1
    assert f"cannot write the warehouse {warehouse}: Read-only file system" in finished.errors
    assert console("history", "--warehouse", warehouse).code == 0
    assert console("check", "--files", "--warehouse", warehouse).code == 0
    remount("rw")
    assert console(*arguments).code == 0


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
