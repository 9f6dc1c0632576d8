"""The browser in which the tests open pages: the Chromium of the system."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")

#: These also keep the browser from connecting to anything by itself.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: The width of the window in pixels and the colours that the reader prefers, by name.
LOOKS = {"light": (1200, "light"), "dark": (1200, "dark"), "phone": (375, "light")}


def violations(tab: Page) -> list[tuple[str, str]]:
    """Return which rules of axe-core a page breaks, each with the first element that does."""
    tab.wait_for_load_state()
    found = Axe().run(tab).response["violations"]
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found]
