"""`pith-etl ui`: Datasette's real server over a tampered dump, asked by HTTP and by Chromium."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
from playwright.sync_api import Browser, Page

from pipeline import Warehouse, catalog
from pipeline.cli.ui import metadata
from pipeline.jobs.export import export
from tests.browser import CHROMIUM, violations
from tests.console import Console
from tests.site import start
from tests.synthetic import build_synthetic

#: Statements that would change the tables, and the reason why each is refused.
WRITES = {
    "delete from papers": "Statement must be a SELECT",
    "with one as (select 1) delete from papers": "attempt to write a readonly database",
    "pragma writable_schema = 1": "Statement must be a SELECT",
    "attach '/tmp/other.db' as other": "Statement must be a SELECT",
}


@dataclass(frozen=True, slots=True)
class Ui:
    """A server that runs: its warehouse, where it is, and a client that opened its address."""

    warehouse: Path
    url: str
    client: OpenerDirector

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    def get(self, path: str) -> str:
        """Return a page, or raise the refusal of one."""
        with self.client.open(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            text: str = answer.read().decode()
        return text

    def rows(self, sql: str) -> list[list[object]]:
        """Return the rows of a query."""
        found: list[list[object]] = json.loads(self.get(f"/pith.json?sql={quote(sql)}"))["rows"]
        return found


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tables of a tampered dump."""
    return build_synthetic(tmp_path_factory.mktemp("ui"))


@contextmanager
def _served(
    warehouse: Path, *options: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a server's process and the address that it prints; then end it by Ctrl-C."""
    command = ("ui", "--port", 0, "--no-browser", "--warehouse", warehouse, *options)
    process = start(*command, env={**os.environ, **environment})
    try:
        assert process.stdout is not None
        assert re.fullmatch(
            r"copied [\d,]+ rows into [\d.]+ MB below .*\n", process.stdout.readline()
        )
        url = process.stdout.readline().strip()
        assert process.stdout.readline() == "It opens once, in one browser. Ctrl-C ends it.\n"
        yield process, url
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert (rest, process.returncode) == ("", 0)


@pytest.fixture(scope="module")
def ui(warehouse: Path) -> Iterator[Ui]:
    """Yield a running server whose address is opened."""
    client = build_opener(HTTPCookieProcessor(CookieJar()))
    with _served(warehouse) as (_, url):
        client.open(url, timeout=60).close()
        yield Ui(warehouse, url, client)


def _refusal(ui: Ui, path: str) -> tuple[int, str]:
    with pytest.raises(HTTPError) as refused:
        ui.get(path)
    with closing(refused.value) as answer:
        return answer.code, answer.read().decode()


def test_a_query_has_the_rows_of_duckdb(ui: Ui) -> None:
    """Tables and views hold the rows that they hold in the warehouse."""
    with Warehouse(ui.warehouse) as opened:
        for name in catalog.relations():
            count = f"select count(*) from {name}"  # noqa: S608 - a name of ours
            assert ui.rows(count) == [list(row) for row in opened.sql(count).fetchall()]


@pytest.mark.parametrize("statement", WRITES)
def test_a_write_is_refused(ui: Ui, statement: str) -> None:
    """No statement changes the copy, and the answer says why."""
    code, answer = _refusal(ui, f"/pith.json?sql={quote(statement)}")
    assert (code, json.loads(answer)["error"]) == (400, WRITES[statement])


def test_every_table_and_column_says_what_it_means(ui: Ui) -> None:
    """The page of a table or view has its meaning, and each column's meaning and evidence."""
    described = json.loads(ui.get("/-/metadata.json"))["databases"]["pith"]["tables"]
    assert described.keys() == catalog.relations().keys()
    for name, table in catalog.relations().items():
        assert table.meaning in described[name]["description"]
        assert described[name]["columns"] == {
            column.name: f"{column.meaning} Evidence: {column.evidence}."
            for column in table.columns
        }
    page = ui.get("/pith/trust")
    assert "View: One word for each paper" in page
    assert "<dd>Its title. Evidence: hash.</dd>" in page


@pytest.mark.parametrize("name", catalog.relations())
def test_a_row_has_a_page(ui: Ui, name: str) -> None:
    """The link of a row leads to it, also where a part of its key is null."""
    links = re.findall(rf'href="(/pith/{name}/[^"?]+)"', ui.get(f"/pith/{name}?_size=max"))
    assert bool(links) == bool(ui.rows(f"select 1 from {name} limit 1"))  # noqa: S608 - ours
    for link in links[:2] + links[-2:]:
        assert ui.get(link)


def test_every_worked_query_is_there_or_left_out_with_its_reason(ui: Ui) -> None:
    """The page of the database links those that run, and names the others with the reason."""
    page = ui.get("/pith")
    for name, query in catalog.queries().items():
        assert (f'href="/pith/{name}"' in page) == (query.only_duckdb is None)
        if query.only_duckdb is not None:
            assert f"{name} ({query.only_duckdb})" in page
    answer = json.loads(ui.get("/pith/versions.json?least=1&_shape=objects"))
    least = json.loads(ui.get("/pith/versions.json?_shape=objects"))
    assert len(answer["rows"]) > len(least["rows"])


def test_a_worked_query_has_the_rows_of_duckdb(warehouse: Path, tmp_path: Path) -> None:
    """With no field filled in, SQLite answers each with the rows of `pith-etl sql --named`."""
    export(warehouse, list(catalog.relations()), "sqlite", tmp_path / "copy")
    file = tmp_path / "copy" / "pith.sqlite"
    canned = metadata(warehouse, file)["databases"]["pith"]["queries"]
    assert len(canned) == sum(query.only_duckdb is None for query in catalog.queries().values())
    with Warehouse(warehouse) as opened, closing(sqlite3.connect(file)) as database:
        for name, query in canned.items():
            sql, values = catalog.bound(name, {})
            expected = opened.connection.execute(sql, values).fetchall()
            found = database.execute(query["sql"], dict.fromkeys(query["params"], "")).fetchall()
            assert found == [tuple(map(_in_sqlite, row)) for row in expected], name


def _in_sqlite(value: object) -> object:
    """Return a value as an export to SQLite writes it."""
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def test_only_who_opened_the_address_sees_anything(ui: Ui) -> None:
    """Without the cookie of the printed address no page is shown, and it gives only one cookie."""
    stranger = Ui(ui.warehouse, ui.url, build_opener())
    for path in ("/", "/pith", "/pith/papers.json", "/pith.json?sql=select+1", "/pith.db"):
        assert _refusal(stranger, path)[0] == 403
    assert _refusal(stranger, ui.url.removeprefix(f"http://127.0.0.1:{ui.port}"))[0] == 403


def test_only_this_machine_reaches_it(ui: Ui) -> None:
    """It listens on 127.0.0.1, and not even on another loopback address."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", ui.port), timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_its_copy(
    samples_warehouse: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end it with 0, and its temporary copy goes."""
    options = ("--table", "papers")
    if (inherited := signal.getsignal(number)) == signal.SIG_IGN:
        # under nohup all that the tests start ignores it, too
        signal.signal(number, signal.SIG_DFL)
    with _served(samples_warehouse, *options, TMPDIR=str(tmp_path)) as (process, _):
        signal.signal(number, inherited)
        (directory,) = tmp_path.iterdir()
        assert directory.stat().st_mode & 0o777 == 0o700
        process.send_signal(number)
        process.wait(60)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_said(console: Console, samples_warehouse: Path) -> None:
    """Where something else listens, the command says so and how to name another port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = console("ui", "--port", port, "--no-browser", "--warehouse", samples_warehouse)
    assert (found.code, found.output) == (2, "")
    assert found.errors == (
        f"pith-etl: cannot listen on port {port}: Address already in use; name another by --port\n"
    )


def test_an_extra_that_is_missing_is_named(
    console: Console, samples_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Datasette the command fails with one line that says what to install."""
    monkeypatch.setitem(sys.modules, "datasette.app", None)
    found = console("ui", "--warehouse", samples_warehouse)
    assert found.code == 2
    assert found.errors == (
        "pith-etl: pith-etl ui needs the extra ui: pipx install --force 'WHEEL[ui]', "
        "or in a clone .venv/bin/pip install -e '.[ui]'\n"
    )


def test_a_query_of_tables_that_are_not_copied_is_left_out(
    samples_warehouse: Path, tmp_path: Path
) -> None:
    """With some tables only, a query of others is named with the reason."""
    export(samples_warehouse, ["papers"], "sqlite", tmp_path / "copy")
    shown = metadata(samples_warehouse, tmp_path / "copy" / "pith.sqlite")["databases"]["pith"]
    assert list(shown["tables"]) == ["papers"]
    assert list(shown["queries"]) == ["most_cited"]
    assert "trust_summary (no such table: trust)" in shown["description"]


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")
def test_the_pages_are_quiet_in_a_browser(browser: Browser, warehouse: Path) -> None:
    """No page writes to the console or asks another server."""
    tab = browser.new_page()
    said: list[str] = []
    hosts: set[str] = set()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    with _served(warehouse) as (_, url):
        tab.goto(url)
        _look(tab, url)
        tab.close()
    assert (said, hosts) == ([], {urlsplit(url).netloc})


def _look(tab: Page, url: str) -> None:
    """Go where a user goes: to a table, the meaning of its columns, a worked query, the prompt.

    No page breaks a rule of axe-core.
    """
    assert violations(tab) == []
    tab.get_by_role("link", name="pith", exact=True).first.click()
    tab.wait_for_url("**/pith")
    assert violations(tab) == []
    tab.get_by_role("link", name="papers", exact=True).first.click()
    # a screen reader is told the language, the main part and the names of fields
    tab.get_by_role("main").wait_for()
    assert tab.locator("html").get_attribute("lang") == "en"
    tab.get_by_role("combobox", name="column").wait_for()
    tab.get_by_text("What the columns mean").click()
    tab.get_by_text("The title, with its LaTeX; see title_status.").first.wait_for()
    assert violations(tab) == []
    tab.goto(f"http://{urlsplit(url).netloc}/pith")
    tab.get_by_role("link", name="How far can the papers be trusted").click()
    tab.locator("td").first.wait_for()
    assert violations(tab) == []
    tab.goto(f"http://{urlsplit(url).netloc}/pith")
    tab.get_by_role("textbox", name="SQL").press("Control+a")
    tab.keyboard.type("select count(*) as papers from papers")
    tab.get_by_role("button", name="Run SQL").click()
    tab.get_by_text("Custom SQL query returning 1 row").wait_for()
