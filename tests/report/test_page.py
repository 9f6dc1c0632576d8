"""The report: its figures are those of the tables, and no document makes it run anything."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import UsageError, WarehouseError
from pipeline.report import charts, data
from pipeline.report.page import render, shown, verdict, write
from pipeline.warehouse.run_figures import Changes, nothing_recognised
from tests.building import build_warehouse, rows
from tests.console import Console
from tests.pages import BREAK, IMAGE, LONG, STEERING, TITLE, Page, write_hostile
from tests.paths import SAMPLES


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse after two runs, the second with hostile documents beside the samples."""
    directory = tmp_path_factory.mktemp("report")
    write_hostile(directory / "hostile")
    build_warehouse(directory / "warehouse", SAMPLES)
    build_warehouse(directory / "warehouse", SAMPLES, directory / "hostile")
    return directory / "warehouse"


@pytest.fixture(scope="module")
def html(warehouse: Path) -> str:
    """Return the report as text."""
    return render(warehouse)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    """Return the report, parsed."""
    return Page(html)


# -- figures ----------------------------------------------------------------------------------


#: A table of the page, the columns to compare, and what they must hold.
FIGURES = {
    "findings": (
        (1, 2, 3, 4),
        """
        select count(*), code, count(distinct path || position), count(distinct pith_number)
        from findings group by code
        """,
    ),
    "runs": (
        (0, 2, 3, 4, 5, 6, 7, 8, 9, 10),
        """
        select run_id, documents, staged, refused, papers, findings_critical, findings_error,
            findings_warning, findings_info, bytes
        from runs
        """,
    ),
    "inputs": (
        (1, 2, 3, 4, 5, 6, 7, 8, 9),
        """
        select files, rows, documents, refused, unreadable, unsupported, not_pith, skipped, stale
        from inputs
        """,
    ),
    "documents": (
        (0, 1, 2, 3),
        """
        select coalesce(kind, '—'), status, count(*), coalesce(sum(bytes), 0)
        from documents group by kind, status
        """,
    ),
    "signatures": (
        (0, 1, 2, 3),
        "select kind, status, count(*), sum(stands_in) from signatures group by kind, status",
    ),
    "coverage": (
        (0, 1, 2, 3),
        """
        select if(has_record, 'yes', 'no'), if(has_bundle, 'yes', 'no'),
            if(has_state, 'yes', 'no'), count(*)
        from papers group by has_record, has_bundle, has_state
        """,
    ),
    "proof": (
        (0, 1, 2),
        """
        select proof, count(*), count_if(title_status = 'verified') from papers group by proof
        """,
    ),
    "years": (
        (0, 1),
        "select date_part('year', submitted_at), count(*) from papers group by 1",
    ),
    "categories": (
        (0, 1, 2),
        """
        select category, count_if(is_primary), count_if(not is_primary)
        from categories group by category
        """,
    ),
    "integrity": (
        (2, 3, 4, 5),
        """
        select count_if(not rescinded), count_if(rescinded), 0, count(distinct arxiv_id)
        from integrity_findings group by detector, severity
        """,
    ),
    "mirrors": ((3,), "select key_trust from mirrors"),
    "cited": (
        (1, 2),
        """
        select inbound_citation_count, count(*)
        from papers inner join citations on pith_number = cited_pith_number group by all
        """,
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_equal_sql(warehouse: Path, page: Page, name: str) -> None:
    """A table of the page holds what SQL over the published tables counts."""
    columns, query = FIGURES[name]
    seen = [tuple(row[column] for column in columns) for row in page.tables[f"table-{name}"]]
    counted = [tuple(shown(value) for value in row) for row in rows(warehouse, query)]
    assert sorted(seen) == sorted(counted)


def test_leading_figures_equal_sql(warehouse: Path, page: Page) -> None:
    """The figures above the sections are those of the present tables."""
    found = rows(warehouse, "select severity, sum(occurrences)::bigint from findings group by all")
    severities: dict[object, object] = {row[0]: row[1] for row in found}
    ((documents, refused),) = rows(
        warehouse,
        "select count(*), count_if(status in ('refused', 'unreadable')) from documents",
    )
    ((papers,),) = rows(warehouse, "select count(*) from papers")
    ((valid,),) = rows(warehouse, "select count_if(status = 'valid') from signatures")
    assert page.figures == {
        "Critical": severities.get("critical", 0),
        "Errors": severities["error"],
        "Warnings": severities.get("warning", 0),
        "Info": severities["info"],
        "Refused": refused,
        "Papers": papers,
        "Documents": documents,
        "Valid signatures": valid,
    }


def test_fields_without_a_column_are_drift(page: Page) -> None:
    """An unknown field is listed with its place, its documents and an example, cut short."""
    ((field, kind, documents, example, where),) = page.tables["table-drift"]
    assert field.startswith("/<img")
    assert (kind, documents) == ("record", "1")
    assert LONG not in example
    assert where.endswith("record.json")


def test_examples_stand_beside_their_finding(page: Page) -> None:
    """A finding names its places: the refused document is found by its path."""
    codes = [row[2] for row in page.tables["table-findings"]]
    examples = dict(zip(codes, page.texts["details"][: len(codes)], strict=True))
    assert "Where" in examples["document_refused"]
    assert "onerror" in examples["document_refused"]


def test_every_stage_has_its_time(page: Page) -> None:
    """The stages of the last run are listed, the slowest first."""
    times = [float(row[1]) for row in page.tables["table-stages"]]
    assert times == sorted(times, reverse=True)
    assert {"stage", "model", "audit"} <= {row[0] for row in page.tables["table-stages"]}


@pytest.mark.parametrize(
    ("critical", "errors", "refused", "colour", "sentence"),
    [
        (0, 0, 0, "good", "All is well: no errors, nothing refused."),
        (0, 1, 0, "error", "Look into it: 1 error, nothing critical."),
        (0, 0, 2, "error", "Look into it: 0 errors, 2 documents refused, nothing critical."),
        (1, 9, 9, "critical", "Act now: 1 critical finding."),
        (1200, 0, 0, "critical", "Act now: 1,200 critical findings."),
    ],
)
def test_first_line_judges_the_run(
    critical: int, errors: int, refused: int, colour: str, sentence: str
) -> None:
    """One line says whether the run was good; the worst that happened decides."""
    run = {"findings_critical": critical, "findings_error": errors, "refused": refused}
    assert verdict(run) == (colour, sentence)


def test_first_line_tells_where_nothing_was_recognised() -> None:
    """A run that found no Pith document where it looked is not good."""
    run = {"findings_critical": 0, "findings_error": 0, "refused": 1}
    unseen = nothing_recognised(Changes(added=9, foreign=9), [])
    colour, sentence = verdict(run, unseen)
    assert colour == "error"
    assert sentence.startswith("Look into it: 0 errors, 1 document refused, nothing critical; ")
    assert sentence.endswith("; of 9 new inputs none is a Pith document.")


# -- hostile documents ------------------------------------------------------------------------


def test_hostile_texts_stay_texts(html: str, page: Page) -> None:
    """Titles, paths, fields and categories are shown, and become no element of the page."""
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & {
        tag for tag, _ in page.elements
    }
    body = page.texts["body"][0]
    assert TITLE in body
    assert BREAK in body
    assert IMAGE not in html


def test_nothing_runs_loads_or_styles_itself(page: Page) -> None:
    """No attribute is a handler, a style or an address; links lead to the page itself."""
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"style", "src", "srcset", "action", "xlink:href"}
    links = [attributes["href"] for _, attributes in page.elements if "href" in attributes]
    assert links
    assert all(link is not None and link.startswith("#") for link in links)


def test_links_lead_to_an_element(page: Page) -> None:
    """Each link of the page has its target, and no id is there twice."""
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        if "href" in attributes:
            assert (attributes["href"] or "").removeprefix("#") in ids


def test_the_policy_allows_exactly_this_page(html: str, page: Page) -> None:
    """The Content-Security-Policy stands first, and names the one style and the one script."""
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")
    hashes = {
        f"{name}-src": base64.b64encode(hashlib.sha256(page.texts[name][0].encode()).digest())
        for name in ("style", "script")
    }
    assert policy.replace("&#39;", "'").split("; ") == [
        "default-src 'none'",
        *(f"{name} 'sha256-{value.decode()}'" for name, value in hashes.items()),
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_steering_characters_are_made_visible(html: str) -> None:
    """Characters that turn a line around or steer a terminal are shown by their number."""
    assert not set(STEERING) & set(html) & set("\u202e\u202c\x1b\u200b")
    assert r"\u202edesrever\u202c\u001b[2J\u200b" in html


def test_long_texts_are_cut() -> None:
    """A text beyond a length is cut to it, and a null is shown as a dash."""
    assert shown("x" * 10**6, 300) == "x" * 299 + "…"
    assert shown("x" * 300, 300) == "x" * 300
    assert shown(None) == "—"


# -- charts -----------------------------------------------------------------------------------


def test_charts_tell_their_figures_in_words(page: Page) -> None:
    """Each chart is an image with a description; that of the proofs holds every figure."""
    drawings = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert len(drawings) == 8
    assert all(drawing["role"] == "img" for drawing in drawings)
    assert len(page.texts["desc"]) == 8
    statuses = [row[:2] for row in page.tables["table-proof"]]
    told = "; ".join(f"{proof}: {papers}" for proof, papers in statuses)
    assert told in page.texts["desc"]


def test_a_bar_is_as_long_as_its_value() -> None:
    """Bars are drawn to one scale, from zero."""
    drawn = str(charts.bars("x", [("a", 30, "good"), ("b", 10, "error")]))
    bars = re.findall(r'x="([\d.]+)" [^>]*width="([\d.]+)" [^>]*class="(good|error)"', drawn)
    widths = {name: float(width) for _, width, name in bars}
    assert widths["good"] == pytest.approx(3 * widths["error"], rel=0.01)
    assert len({start for start, _, _ in bars}) == 1


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (7, ["0", "2", "4", "6", "8"]),
        (4_300_000, ["0", "2,000,000", "4,000,000", "6,000,000"]),
    ],
)
def test_axes_count_whole_things(most: int, ticks: list[str]) -> None:
    """An axis is marked at a few whole numbers, from 0 to past the highest column."""
    drawn = str(charts.columns("x", ["2020"], [("papers", [most], "plain")]))
    assert re.findall(r'<text x="-5"[^>]*>([\d,]+)</text>', drawn) == ticks


def test_a_chart_of_a_hostile_label_is_escaped() -> None:
    """A label is text in the drawing, wherever it stands."""
    drawn = str(charts.bars("x", [(TITLE, 1, "plain")]))
    assert "&lt;script&gt;" in drawn
    assert "<script" not in drawn
    assert "<img" not in drawn


# -- the command ------------------------------------------------------------------------------


def test_the_same_snapshot_gives_the_same_bytes(warehouse: Path, html: str) -> None:
    """Another process with another time zone, locale and hash seed writes the same page."""
    code = "import sys; from pipeline.cli.main import main; sys.argv[0] = 'pith-etl'; main()"
    command = [sys.executable, "-c", code, "report", "--output", "-", "--warehouse", str(warehouse)]
    environment = {**os.environ, "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    ran = subprocess.run(command, env=environment, capture_output=True, check=True)  # noqa: S603 - our own program
    assert ran.stdout.decode() == html


def test_report_writes_where_it_was_called(
    console: Console, samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an option the page is `report.html` in the working directory."""
    monkeypatch.chdir(tmp_path)
    ran = console("report", "--warehouse", samples_warehouse)
    assert (ran.code, ran.output) == (0, "written: report.html\n")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(samples_warehouse)


def test_build_writes_the_report_as_well(console: Console, tmp_path: Path) -> None:
    """`build --html` leaves the page of what it has just published."""
    page = tmp_path / "page.html"
    ran = console("build", SAMPLES, "--warehouse", tmp_path / "tables", "--html", page)
    assert ran.code == 0
    assert page.read_text(encoding="utf-8") == render(tmp_path / "tables")


def test_nothing_published_is_a_clear_error(console: Console, tmp_path: Path) -> None:
    """Without a snapshot the message says what to run, and no page is written."""
    with pytest.raises(WarehouseError, match="run `pith-etl build SOURCE"):
        write(tmp_path / "none", tmp_path / "page.html")
    ran = console("report", "--warehouse", tmp_path / "none", "--output", tmp_path / "page.html")
    assert ran.code == 1
    assert not (tmp_path / "page.html").exists()


def test_a_page_that_cannot_be_written_is_a_clear_error(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """The message names the file and the reason."""
    with pytest.raises(UsageError, match=r"cannot write .*page\.html: No such file or directory"):
        write(samples_warehouse, tmp_path / "missing" / "page.html")


def test_a_warehouse_of_nothing_has_a_report(tmp_path: Path) -> None:
    """A build of an empty directory gives a page that says so."""
    (tmp_path / "empty").mkdir()
    build_warehouse(tmp_path / "warehouse", tmp_path / "empty")
    page = Page(render(tmp_path / "warehouse"))
    told = f"Look into it: no Pith document was recognised in {tmp_path}/empty/."
    assert page.texts["h1"] == [told]
    assert page.figures["Documents"] == 0
    assert "There were no documents." in page.texts["section"][4]
    assert "No detector's finding was read." in page.texts["section"][10]


def test_runs_after_the_published_one_hide_none_of_it(tmp_path: Path) -> None:
    """The page shows the snapshot's own run, however many later runs the table lists."""
    warehouse = tmp_path / "warehouse"
    own = build_warehouse(warehouse, SAMPLES).snapshot
    file = warehouse / "current" / "runs" / "all.parquet"
    later = "select own.* replace ('30' || i as run_id) from own, range(40) as later(i)"
    with duckdb.connect() as connection:
        connection.execute(f"create table own as from '{file}'")
        file.unlink()
        connection.execute(f"copy (from own union all {later}) to '{file}'")
    assert [run["run_id"] for run in data.read(warehouse).rows["runs"]] == [own]
