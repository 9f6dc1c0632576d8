"""The report in a real browser: headless Chromium over a tampered dump of 600 documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator
from playwright.sync_api import Page as Tab

from pipeline import Warehouse
from pipeline.documents.keyring import load
from pipeline.report.page import write
from pipeline.synth.dump import Plan
from pipeline.synth.dump import write as write_dump
from tests.browser import CHROMIUM, LOOKS, violations
from tests.building import build_warehouse, rows
from tests.pages import TITLE, write_hostile

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"
)


@dataclass(slots=True)
class Visit:
    """A page that was opened, and what it did by itself."""

    tab: Tab
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failures: dict[str, str | None] = field(default_factory=dict)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tables of a tampered dump of 600 documents and some hostile ones, two runs."""
    directory = tmp_path_factory.mktemp("browser")
    plan = Plan(papers=200, directory=directory / "dump", tamper=0.3)
    documents, _, tampered = write_dump(plan, workers=1)
    assert (documents, tampered) == (600, 173)
    write_hostile(directory / "hostile")
    keyring = load(directory / "dump" / "keyring.json")
    sources = [directory / "dump" / "documents", directory / "hostile"]
    for count in (1, 2):
        build_warehouse(directory / "warehouse", *sources[:count], keyring=keyring)
    return directory / "warehouse"


@pytest.fixture(scope="module")
def report(warehouse: Path) -> Path:
    """Return the file of the report."""
    file = warehouse.parent / "report.html"
    write(warehouse, file)
    return file


@pytest.fixture
def visit(browser: Browser, report: Path) -> Iterator[Visit]:
    """Open the report, and note its console messages, dialogs and requests."""
    context = browser.new_context()
    visit = Visit(context.new_page())
    visit.tab.on("console", lambda message: visit.console.append(message.text))
    visit.tab.on("pageerror", lambda error: visit.console.append(str(error)))
    visit.tab.on("dialog", lambda dialog: visit.console.append(dialog.message))
    visit.tab.on("request", lambda request: visit.requests.append(request.url))
    visit.tab.on(
        "requestfailed", lambda request: visit.failures.update({request.url: request.failure})
    )
    visit.tab.goto(report.as_uri())
    yield visit
    context.close()


def _cells(table: Locator, column: int) -> list[str]:
    """Return a column of a table as its data-value, else its text."""
    script = "(rows, at) => rows.map(row => row.cells[at].dataset.value ?? row.cells[at].innerText)"
    found: list[str] = table.locator("tbody tr").evaluate_all(script, column)
    return found


def test_the_page_is_quiet(visit: Visit, report: Path) -> None:
    """It renders whole, writes nothing to the console, and requests only its own file."""
    visit.tab.wait_for_load_state("networkidle")
    for details in visit.tab.locator("summary").all()[:5]:
        details.click()
    assert visit.tab.locator("section").count() == 13
    assert visit.tab.locator("svg.chart").count() == 8
    assert visit.console == []
    assert visit.requests == [report.as_uri()]


def test_hostile_texts_do_nothing(visit: Visit) -> None:
    """A title of `<script>` or `<img onerror>` is shown as it is, and nothing of it happens."""
    cited = visit.tab.locator("#table-cited tbody tr").first
    assert cited.locator("bdi").first.text_content() == TITLE
    visit.tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert visit.tab.title().startswith("Pith report: ")
    assert visit.tab.locator("img, iframe, object, embed, form").count() == 0
    assert visit.tab.locator("script").count() == 1
    assert visit.console == []


def test_the_policy_stops_what_slips_in(visit: Visit) -> None:
    """Markup that is inserted neither runs nor loads anything, nor changes a colour."""
    visit.tab.evaluate(
        """
        document.body.insertAdjacentHTML("beforeend",
            `<img src="https://example.org/x" onerror="document.title = 'owned'">
            <p id="slipped" style="color: rgb(1, 2, 3)">x</p><style>body { color: red }</style>`)
        """
    )
    visit.tab.wait_for_function("document.images[0].complete")
    assert "owned" not in visit.tab.title()
    colour = visit.tab.locator("#slipped").evaluate("element => getComputedStyle(element).color")
    assert colour not in {"rgb(1, 2, 3)", "rgb(255, 0, 0)"}
    assert visit.failures == {"https://example.org/x": "csp"}
    assert len(visit.console) == 4  # the image, its handler, the attribute, the style sheet


def test_figures_equal_sql(visit: Visit, warehouse: Path) -> None:
    """What a reader sees is what SQL counts over the tables."""
    ((critical, errors, warnings, infos),) = rows(
        warehouse,
        """
        select count_if(severity = 'critical'), count_if(severity = 'error'),
            count_if(severity = 'warning'), count_if(severity = 'info')
        from findings
        """,
    )
    ((documents, refused),) = rows(
        warehouse,
        "select count(*), count_if(status in ('refused', 'unreadable')) from documents",
    )
    ((papers,),) = rows(warehouse, "select count(*) from papers")
    ((valid,),) = rows(warehouse, "select count_if(status = 'valid') from signatures")
    counted = [critical, errors, warnings, infos, refused, papers, documents, valid]
    seen = visit.tab.locator("#figures strong").all_inner_texts()
    assert seen == [f"{number:,}" for number in counted]
    by_code = rows(warehouse, "select code, count(*) from findings group by code")
    table = visit.tab.locator("#table-findings")
    listed = dict(zip(_cells(table, 2), _cells(table, 1), strict=True))
    assert listed == {str(code): str(number) for code, number in by_code}
    assert len(listed) > 30


@pytest.mark.parametrize("key", ["click", "Enter"])
def test_tables_sort(visit: Visit, key: str) -> None:
    """A head sorts its table by mouse and by keyboard, numbers as numbers, both ways round."""
    table = visit.tab.locator("#table-findings")
    head = table.locator("thead th").nth(1)
    before = _cells(table, 1)
    for direction, order in (("descending", True), ("ascending", False)):
        button = head.get_by_role("button")
        button.click() if key == "click" else button.press(key)
        assert head.get_attribute("aria-sort") == direction
        assert _cells(table, 1) == sorted(before, key=int, reverse=order)
    codes = table.locator("thead th").nth(2)
    codes.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert _cells(table, 2) == sorted(_cells(table, 2), key=lambda code: code.replace("_", " "))


def test_examples_open(visit: Visit) -> None:
    """A finding opens by a click, and by the link that leads to it."""
    refused = visit.tab.locator("#finding-document_refused")
    assert not refused.locator(".example").first.is_visible()
    visit.tab.locator("#documents a").click()
    refused.locator(".example").first.wait_for(state="visible")
    mismatch = visit.tab.locator("#finding-state_digest_mismatch")
    mismatch.locator("summary").click()
    assert mismatch.locator(".example").count() == 5
    assert mismatch.locator(".example").first.is_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_it_can_be_read_everywhere(visit: Visit, tmp_path: Path, look: str) -> None:
    """The page never scrolls sideways, texts have enough contrast, charts are legible."""
    width, scheme = LOOKS[look]
    visit.tab.set_viewport_size({"width": width, "height": 900})
    visit.tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit.tab.locator("#finding-document_refused summary").click()
    assert visit.tab.evaluate("document.documentElement.scrollWidth") == width
    contrasts: dict[str, float] = visit.tab.evaluate(_CONTRASTS)
    assert {name for name, contrast in contrasts.items() if contrast < 4.5} == set()
    assert len(contrasts) > 5
    label = visit.tab.locator("#signatures svg text").first.bounding_box()
    assert label is not None
    assert label["height"] > 10
    visit.tab.screenshot(path=tmp_path / f"{look}.png", full_page=True)


@pytest.mark.parametrize("look", LOOKS)
def test_the_rules_of_axe_find_nothing(visit: Visit, look: str) -> None:
    """Names, roles, order and contrast are as a screen reader and a keyboard need them."""
    width, scheme = LOOKS[look]
    visit.tab.set_viewport_size({"width": width, "height": 900})
    visit.tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for summary in visit.tab.locator("summary").all()[:5]:
        summary.click()
    assert violations(visit.tab) == []


def test_a_filter_leaves_the_rows_that_hold_all_words(visit: Visit) -> None:
    """Findings are filtered by words, and papers by the code of a finding."""
    field = visit.tab.get_by_label("Filter by text")
    shown = visit.tab.locator("#table-findings tbody tr:visible")
    everything = shown.count()
    field.fill("critical nonce")
    assert [cell.split()[0] for cell in shown.all_inner_texts()] == ["critical"]
    field.fill("")
    assert shown.count() == everything
    listed = visit.tab.locator("#table-list tbody tr:visible")
    visit.tab.get_by_label("Filter by number, title").fill("document_refused")
    assert 0 < listed.count() < 200


@pytest.mark.parametrize(
    ("table", "label", "value", "column"),
    [("findings", "Severity", "error", 0), ("list", "Proof", "failed", 3)],
)
def test_a_choice_leaves_the_rows_of_one_value(
    visit: Visit, table: str, label: str, value: str, column: int
) -> None:
    """Findings are chosen by severity, papers by proof."""
    choice = visit.tab.get_by_label(label, exact=True)
    shown = visit.tab.locator(f"#table-{table} tbody tr:visible")
    everything = shown.count()
    choice.select_option(value)
    chosen = shown.locator(f":nth-child({column + 1} of td, th)").all_inner_texts()
    assert set(chosen) == {value}
    assert len(chosen) < everything
    choice.select_option("")
    assert shown.count() == everything


def test_new_findings_are_listed(visit: Visit, warehouse: Path) -> None:
    """The first 20 findings that the snapshot before lacks are listed, with the number of all."""
    with Warehouse(warehouse) as opened:
        new = opened.query("new_findings").fetchall()
    assert len(new) > 20
    table = visit.tab.locator("#table-new")
    assert _cells(table, 1) == [str(row[1]) for row in new[:20]]
    assert f"The first 20 of {len(new)}." in visit.tab.locator("#changes").inner_text()


def test_a_finding_leads_to_its_paper_and_the_paper_to_its_documents(visit: Visit) -> None:
    """The link opens the row of the paper, which names its documents and leads back."""
    finding = visit.tab.locator("#finding-state_digest_mismatch")
    finding.locator("summary").click()
    assert finding.locator(".sides dd").count() == 10
    finding.locator(".example a").first.click()
    row = visit.tab.locator("#table-list tr:target")
    assert row.locator(".places li").count() == 3
    row.get_by_role("link", name="state_digest_mismatch").click()
    assert visit.tab.url.endswith("#finding-state_digest_mismatch")


#: The least contrast (WCAG 2.2, relative luminance) of texts with their ground, by class.
_CONTRASTS = """
() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return light(colour);
    }
    return 1;
  };
  const least = {};
  for (const element of document.querySelectorAll("h1, h2, p, td, th, a, dt, .badge, svg text")) {
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const text = light(element.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const behind = ground(element);
    const contrast = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    const name = `${element.localName} ${element.getAttribute("class")}`;
    least[name] = Math.min(least[name] ?? 21, contrast);
  }
  return least;
}
"""


def test_it_prints(visit: Visit) -> None:
    """On paper the navigation is gone, tables are whole, and ink is black on white."""
    visit.tab.emulate_media(media="print", color_scheme="dark")
    assert not visit.tab.locator("nav").is_visible()
    style = "element => getComputedStyle(element)"
    assert visit.tab.locator(".scroll").first.evaluate(f"{style}.overflowX") == "visible"
    assert visit.tab.locator("body").evaluate(f"{style}.color") == "rgb(0, 0, 0)"
    assert visit.tab.locator("body").evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
    contrasts: dict[str, float] = visit.tab.evaluate(_CONTRASTS)
    assert {name for name, contrast in contrasts.items() if contrast < 4.5} == set()
    assert visit.tab.pdf().startswith(b"%PDF")


def test_it_reads_without_script(browser: Browser, report: Path) -> None:
    """Without scripts findings still open, and tables have no buttons to sort them."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(report.as_uri())
    tab.locator("#finding-document_refused summary").click()
    assert tab.locator("#finding-document_refused .example").first.is_visible()
    assert tab.locator("thead button").count() == 0
    context.close()
