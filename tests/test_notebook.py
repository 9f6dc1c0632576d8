"""The notebook runs, and the warehouse and its results show well in one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib import util
from pathlib import Path
from typing import Any

import marimo
import pytest
from nacl.exceptions import BadSignatureError

from pipeline import Warehouse, catalog
from pipeline.warehouse.html import Listing
from pipeline.warehouse.papers import TOLD, Paper
from tests.paths import REPO
from tests.synthetic import build_synthetic

NOTEBOOK = REPO / "notebooks" / "explore.py"
TWIN = NOTEBOOK.with_suffix(".ipynb")
VARIABLE = "PITH_ETL_WAREHOUSE"


def _run(warehouse: Path, defs: dict[str, Any] | None = None) -> tuple[list[Any], dict[str, Any]]:
    """Run the notebook's cells over a warehouse; return what they show, and the variables.

    Cells that would set the variables `defs` do not run.
    """
    spec = util.spec_from_file_location("explore", NOTEBOOK)
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(warehouse))
        outputs, variables = module.app.run(defs=defs)
    return list(outputs), dict(variables)


@pytest.fixture(scope="module")
def ran(samples_warehouse: Path) -> tuple[list[Any], dict[str, Any]]:
    """Return what the notebook shows over the samples, and its variables."""
    return _run(samples_warehouse)


def test_the_notebook_verifies_a_signature_by_hand(ran: tuple[list[Any], dict[str, Any]]) -> None:
    """Digest, number and signature that the notebook recomputes are those of the tables."""
    by_hand = ran[1]["by_hand"]
    assert by_hand["what"].to_list() == ["digest", "Pith number", "signature"]
    assert by_hand["agree"].to_list() == [True, True, True]


def test_the_check_by_hand_can_fail(
    ran: tuple[list[Any], dict[str, Any]], samples_warehouse: Path
) -> None:
    """If one column of the canonical record is altered, the signature does not hold."""
    altered = {"paper": ran[1]["paper"] | {"license": "none"}}
    with pytest.raises(BadSignatureError):
        _run(samples_warehouse, altered)


def test_the_notebook_shows_what_the_tables_hold(
    ran: tuple[list[Any], dict[str, Any]], samples_warehouse: Path
) -> None:
    """The figures that the notebook plots and lists are those that SQL gives."""
    _, variables = ran
    with Warehouse(samples_warehouse) as warehouse:
        query = "select kind, status, count(*) from signatures group by all order by all"
        assert variables["trust"].rows() == warehouse.sql(query).fetchall()
        cited = variables["choice"].value
        query = f"select count(*) from citations where cited_pith_number = '{cited}'"  # noqa: S608 - a number
        assert warehouse.sql(query).fetchall() == [(variables["citing"].height,)]
    assert variables["citing"].height > 0


def test_the_notebook_opens_the_warehouse_of_its_checkout(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """Without the variable it reads data/warehouse beside its folder, from anywhere."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "warehouse").symlink_to(samples_warehouse)
    shutil.copy(NOTEBOOK, tmp_path / "notebooks")
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    command = [sys.executable, "-m", "marimo", "export", "html", "notebooks/explore.py"]
    done = subprocess.run(  # noqa: S603 - our own notebook
        [*command, "-o", "page.html"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    with Warehouse(samples_warehouse) as warehouse:
        title = warehouse.table("papers").collect()["title"][0]
        assert str(warehouse.snapshot) in page
    assert title in page


def test_the_notebook_is_as_marimo_writes_it() -> None:
    """Marimo warns of nothing, and the folder holds only the notebook and its twin for Jupyter."""
    done = subprocess.run(  # noqa: S603 - our own notebook
        [sys.executable, "-m", "marimo", "check", "--strict", str(NOTEBOOK)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in NOTEBOOK.parent.iterdir() if path.is_file()} == {
        NOTEBOOK.name,
        TWIN.name,
    }


def test_the_twin_for_jupyter_is_made_of_the_notebook(tmp_path: Path) -> None:
    """It is what marimo exports from the notebook."""
    command = [sys.executable, "-m", "marimo", "export", "ipynb", str(NOTEBOOK)]
    subprocess.run(  # noqa: S603 - our own notebook
        [*command, "--sort", "top-down", "-o", str(tmp_path / TWIN.name)], check=True
    )
    made = (tmp_path / TWIN.name).read_text(encoding="utf-8")
    assert TWIN.read_text(encoding="utf-8") == made, "run `make docs`"


def test_the_twin_runs_in_a_kernel_of_jupyter(samples_warehouse: Path) -> None:
    """Every cell runs in a real kernel, in the folder of the notebook; the last verifies."""
    program = (
        "import sys, nbclient, nbformat; notebook = nbformat.read(sys.argv[1], 4); "
        "place = {'metadata': {'path': sys.argv[2]}}; "
        "nbclient.NotebookClient(notebook, kernel_name='python3', resources=place).execute(); "
        "print(notebook.cells[-1].outputs[0].data['text/plain'])"
    )
    done = subprocess.run(  # noqa: S603 - our own notebook, in a process without our warnings
        [sys.executable, "-c", program, str(TWIN), str(TWIN.parent)],
        env={**os.environ, VARIABLE: str(samples_warehouse), "POLARS_FMT_MAX_COLS": "10"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("true") == 3, done.stdout
    assert "false" not in done.stdout


def test_the_notebook_runs_on_any_warehouse(tmp_path: Path) -> None:
    """Over a synthetic dump, some of it tampered with, it verifies by the key of that keyring."""
    _, variables = _run(build_synthetic(tmp_path))
    assert variables["by_hand"]["agree"].to_list() == [True, True, True]
    assert variables["pinned"]["origin"] == "both"


def test_findings_trust_and_a_paper_are_shown(samples_warehouse: Path) -> None:
    """Trust and findings show their rows as HTML, good levels in green; a paper, its fields."""
    with Warehouse(samples_warehouse) as warehouse:
        trust, findings = warehouse.trust(), warehouse.findings()
        assert [row[0] for row in _Cells(trust._repr_html_()).rows[1:]] == ["vouched", "proven"]
        assert "color: #2e7d32" in trust._repr_html_()
        (row,) = _Cells(findings._repr_html_()).rows[1:]
        assert row[:3] == ["info", "state_not_reproducible", "1"]
        assert warehouse.findings("critical").rows == []
        paper = warehouse.paper("1512.01274")
        page = _Cells(paper._repr_html_())
        assert ["trust", "vouched"] in page.rows
        assert "Cited by: 12" in paper._repr_html_()
        assert "details" in page.tags
        assert repr(paper).startswith("<Paper pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N: 'MXNet")
        assert marimo.as_html(paper).text == paper._repr_html_()


class _Cells(HTMLParser):
    """Collect the rows of an HTML table, and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1].append(data)


def test_a_warehouse_shows_its_tables(samples_warehouse: Path) -> None:
    """The last expression `warehouse` shows every table and view with its rows and meaning."""
    with Warehouse(samples_warehouse) as warehouse:
        shown = _Cells(warehouse._repr_html_()).rows[1:]
        expected = [[table.name, table.size, table.meaning] for table in warehouse.tables()]
        assert shown == expected
        assert marimo.as_html(warehouse).text == warehouse._repr_html_()
        assert str(warehouse.snapshot) in repr(warehouse)
    assert [row[0] for row in shown] == list(catalog.relations())


def test_nothing_hostile_reaches_the_page(samples_warehouse: Path, tmp_path: Path) -> None:
    """Markup in values, in names of columns and in the folder's name is shown as text."""
    hostile = "<img src=x onerror=alert(1)>"
    shutil.copytree(samples_warehouse, tmp_path / hostile, symlinks=True)
    shown: list[Listing | Paper] = [
        Listing(hostile, [hostile], [[hostile], [[hostile]]]),
        Paper(
            {**dict.fromkeys(TOLD, hostile), "title": hostile},
            {"aliases": [{hostile: hostile}]},
            {"aliases": 1},
        ),
    ]
    assert not [one for one in shown if "img" in _Cells(one._repr_html_()).tags]
    with Warehouse(tmp_path / hostile) as warehouse:
        assert "img" not in _Cells(warehouse._repr_html_()).tags
        result = warehouse.sql(f"select '{hostile}' as \"{hostile}\"")
        bundle = result._repr_mimebundle_()
        assert "img" not in _Cells(marimo.as_html(result).text).tags
    page = _Cells(bundle["text/html"])
    assert "img" not in page.tags
    assert page.rows[-1] == [hostile]
    assert hostile in bundle["text/plain"]
