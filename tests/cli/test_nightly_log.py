"""`pith-etl build` as a timer runs it: the log, and streams that cannot be written."""

from __future__ import annotations

import re
import signal

import pytest

from tests.console import Build
from tests.site import (
    REAL,
    RECORD,
    Site,
    await_line,
    log_of,
    shell,
    synthetic,
)


@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&1 >/dev/null | true"])
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_log_that_cannot_be_written_ends_no_build(
    site: Site, streams: str, log_format: str
) -> None:
    """If the disk of the log is full or its reader has left, the build still publishes."""
    site.put("refused.json", REAL[RECORD][:2000])
    options = ("--progress", "plain", "--log-format", log_format, "--workers", "1")
    assert shell(site, streams, *options).returncode in {3, 0}  # 0 is that of `true`
    assert site.rows("select count(*) from documents") == [(6,)]
    failed = shell(site, "2>/dev/full", *options, "--max-shrink", "nan")
    assert failed.returncode == 2


def test_a_summary_that_cannot_be_printed_is_told(site: Site) -> None:
    """When standard output is full the build exits with 1, and says that it published."""
    finished = shell(site, ">/dev/full", "--json", "--progress", "none", "--log-format", "json")
    (line,) = log_of(finished.stderr)
    assert finished.returncode == 1
    assert line["message"] == (
        "the snapshot is published, but standard output cannot be written: No space left on device"
    )
    assert site.rows("select count(*) from papers") == [(5,)]


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


def test_errors_are_lines_of_a_json_log(built_site: Site, rebuild: Build) -> None:
    """The error that ends a build and its notices are lines of the log, too."""
    (built_site.warehouse / "current").unlink()
    noticed = log_of(rebuild("--log-format", "json").errors)
    assert [line["level"] for line in noticed] == ["warning"]
    assert "no snapshot is published" in noticed[0]["message"]
    for path in built_site.mirror.iterdir():
        path.unlink()
    refused = rebuild("--log-format", "json")
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
