"""The site of the documentation, as `make docs` builds it: strict, and without the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import LOOKS, violations
from tests.paths import REPO

pytest.importorskip("zensical")

#: Pages with tables, consoles, wide lines and long lists.
PAGES = ["index", "tutorials/operator", "findings"]


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder with `zensical.toml` and `docs`."""
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(REPO / "zensical.toml", folder)
    shutil.copytree(REPO / "docs", folder / "docs")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


class _Requests(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of what is part of the page."""
        if tag != "a":
            self.found += [value for name, value in attrs if name in {"src", "href"} and value]


def test_each_page_of_the_documentation_is_built_and_fetches_nothing_from_elsewhere(
    built: Path,
) -> None:
    """Each page of docs/ has one in the site, and all that it loads is a file of the site."""
    for page in (REPO / "docs").rglob("*.md"):
        name = page.relative_to(REPO / "docs").with_suffix(".html")
        file = built / (name.with_name("index.html") if name.name == "README.html" else name)
        for part in _Requests(file.read_text("utf-8")).found:
            assert (file.parent / part.split("#")[0].split("?")[0]).exists(), f"{name}: {part}"


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    """So does one to a heading that is not there."""
    shutil.copy(REPO / "zensical.toml", tmp_path)
    shutil.copytree(REPO / "docs", tmp_path / "docs")
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](nowhere.md) and [nothing](evidence.md#nothing)\n")
    done = build(tmp_path)
    assert done.returncode != 0
    assert "2 issues" in done.stdout + done.stderr


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Write nothing."""


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    """Serve the site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(built))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize("look", LOOKS)
def test_a_page_says_nothing_and_asks_no_other_host(
    browser: Browser, address: str, look: str
) -> None:
    """In light, dark and on a phone. It is not too wide either, and breaks no rule of axe-core."""
    width, colours = LOOKS[look]
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if colours == "dark" else "light",
    )
    tab = context.new_page()
    console: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: console.append(message.text))
    tab.on("pageerror", lambda error: console.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    for page in PAGES:
        tab.goto(f"{address}{page}.html")
        tab.wait_for_load_state("load")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, page
        scheme = tab.locator("body").get_attribute("data-md-color-scheme")
        assert scheme == ("slate" if colours == "dark" else "default")
        assert violations(tab) == [], page
    context.close()
    assert not console
    foreign = [one for one in requests if not one.startswith((address, "data:", "blob:"))]
    assert not foreign
