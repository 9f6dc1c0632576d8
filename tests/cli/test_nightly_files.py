"""`pith-etl build` as a timer runs it: the report, the metrics and the page."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipeline import catalog
from pipeline.errors import ShrinkError
from tests.console import Build, Console
from tests.site import (
    REAL,
    RECORD,
    Site,
    log_of,
    shell,
)


@pytest.mark.parametrize("option", ["--report", "--metrics", "--html"])
def test_a_stream_is_appended_to(site: Site, option: str) -> None:
    """Output to a stream that is named as a file is appended, for any kind of stream."""
    log = site.root / "log"
    log.write_text("before\n")
    for name, streams in (("/dev/stdout", ">>"), ("/dev/stderr", "2>>"), ("/dev/fd/7", "7>>")):
        finished = shell(site, f"{streams} '{log}'", option, name, "--progress", "none")
        assert (finished.returncode, finished.stderr) == (0, "")
    text = log.read_text()
    assert text.startswith("before\n")
    assert text.count("# EOF") == 3 * (option == "--metrics")
    assert text.count('"version":1') == 3 * (option == "--report")
    assert text.count("<!doctype html>") == 3 * (option == "--html")
    assert "try: " in text
    refused = shell(site, "7<&-", option, "/dev/fd/7")
    assert refused.returncode == 2


@pytest.mark.parametrize("option", ["--report", "--metrics", "--html"])
def test_a_report_that_cannot_be_written_is_told_first(
    site: Site, build: Build, option: str
) -> None:
    """A file in a directory that is missing is wrong usage, found before anything is built."""
    finished = build(option, site.root / "nowhere" / "file")
    assert finished.code == 2
    assert "must be a directory to write in" in finished.errors
    assert not site.warehouse.exists()


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
    """`--metrics` writes the figures of a build as OpenMetrics, and leaves no temporary file."""
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


def test_metrics_of_a_run_without_changes(built_site: Site, rebuild: Build) -> None:
    """A run that publishes nothing gives the figures of the published snapshot."""
    path = built_site.root / "pith.prom"
    rebuild("--metrics", path)
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
    """A FIFO is written to and stays a FIFO; a link stays a link, and its target is written."""
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
    """The message gives the error that ended the run."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail)
    shutil.rmtree(site.mirror)
    finished = build("--report", site.root / "report.json")
    assert (finished.code, "cannot read the source" in finished.errors) == (1, True)
