"""A failed run shows on the page, in `report`, in `history` and in the metrics."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import ShrinkError
from pipeline.report.page import render
from pipeline.warehouse import attempts
from tests.console import Console, Finished
from tests.pages import Page
from tests.site import REAL, Site

Build = Callable[..., Finished]
WHY = "5 of the 5 documents of the last snapshot vanished or fail"


@pytest.fixture
def build(site: Site, console: Console) -> Build:
    """Return a function that builds the mirror, with a page and metrics."""
    files = ("--html", site.root / "page.html", "--metrics", site.root / "pith.prom")

    def run(*arguments: object) -> Finished:
        given = ("--warehouse", site.warehouse, "--workers", 1, "--progress", "none")
        return console("build", site.mirror, *given, *files, *arguments)

    return run


def _first_line(site: Site) -> str:
    """Return the first line of the page that the last build wrote."""
    return Page((site.root / "page.html").read_text()).texts["h1"][0]


def _metric(site: Site, name: str) -> float:
    """Return a figure of the metrics that the last build wrote."""
    (sample,) = re.findall(rf"\npith_etl_{name} \S+", (site.root / "pith.prom").read_text())
    return float(sample.split()[1])


def _unmount(site: Site) -> None:
    shutil.rmtree(site.mirror)
    site.mirror.mkdir()


def test_an_attempt_that_published_nothing_is_told_everywhere_until_one_succeeds(
    site: Site, build: Build, console: Console
) -> None:
    """The page and `history` say when and why; the metrics have this time and the last good one."""
    assert build().code == 0
    good = _metric(site, "last_success_timestamp_seconds")
    assert good == _metric(site, "last_attempt_timestamp_seconds")
    _unmount(site)
    assert build().code == 1
    page = (site.root / "page.html").read_text()
    assert re.match(rf"Last attempt failed at \d{{4}}-.* UTC: {WHY}", _first_line(site))
    assert Page(page).figures["Papers"] == 5
    assert 'class="verdict critical"' in page
    assert page == render(site.warehouse)
    listed = console("history", "--warehouse", site.warehouse)
    assert re.match(rf"last attempt failed at \d{{4}}-.* UTC: {WHY}", listed.output)
    assert listed.output.count("(published)") == 1
    last = _metric(site, "last_success_timestamp_seconds")
    assert good == pytest.approx(last, abs=60)
    assert last < _metric(site, "last_attempt_timestamp_seconds")
    site.put_all(REAL)
    assert build().code == 0
    assert _first_line(site).startswith("All is well")
    assert WHY in console("history", "--warehouse", site.warehouse).output
    assert len(Page(render(site.warehouse)).tables["table-failed"]) == 1


@pytest.mark.parametrize("error", [ShrinkError("<b>x\x1b[2J"), KeyboardInterrupt(), OSError("x")])
def test_a_first_night_that_fails_has_a_page(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Whatever ended it, and without any snapshot, the page says so, and escapes the message."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.cli.nightly.build", fail)
    assert build("--log-format", "json").code in {1, 130}
    page = (site.root / "page.html").read_text()
    assert "Last attempt failed at" in _first_line(site)
    assert "No snapshot can be read." in page
    assert not {"<b>", "\x1b"} & set(re.findall("<b>|\x1b", page))


def test_wrong_usage_by_a_timer_is_told_too(site: Site, build: Build) -> None:
    """If an option names a directory that is gone, the first line of the page says so."""
    build()
    assert build("--report", site.root / "gone" / "report.json").code == 2
    assert "gone must be a directory" in _first_line(site)


def test_a_snapshot_that_cannot_be_read_hides_no_failure(site: Site, build: Build) -> None:
    """If the published tables are gone, the page still says that the last attempt failed."""
    build()
    _unmount(site)
    shutil.rmtree(site.warehouse / "snapshots")
    assert build().code == 1
    assert "Last attempt failed at" in _first_line(site)


def test_attempts_are_bounded_and_whole(tmp_path: Path) -> None:
    """The newest hundred are kept, each with a reason of bounded length; a torn line is skipped."""
    (tmp_path / "lock").touch()
    for number in range(120):
        attempts.keep(tmp_path, attempts.ended(1, f"{number} {'x' * 5000}"))
    with (tmp_path / attempts.FILE).open("ab") as file:
        file.write(b'{"at": "2026\n')
    found = attempts.kept(tmp_path)
    assert [attempt.why.split()[0] for attempt in found] == [str(n) for n in range(20, 120)]
    assert (tmp_path / attempts.FILE).stat().st_size < 200_000
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_no_attempt_is_kept_where_no_build_ever_wrote(tmp_path: Path, console: Console) -> None:
    """A mistyped warehouse stays as it is."""
    finished = console("build", tmp_path / "nowhere", "--warehouse", tmp_path)
    assert finished.code == 1
    assert list(tmp_path.iterdir()) == []


def test_attempts_are_no_part_of_the_tables(site: Site, build: Build) -> None:
    """After a failed night the same inputs publish nothing new."""
    report = site.root / "report.json"
    build("--report", report)
    first = json.loads(report.read_text())
    _unmount(site)
    build()
    site.put_all(REAL)
    build("--report", report)
    again = json.loads(report.read_text())
    assert (again["snapshot"], again["published"]) == (first["snapshot"], False)
