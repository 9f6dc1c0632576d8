"""The browser in which pages are tried: Chromium as the system has it."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")

#: The browser shall speak to nobody by itself.
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

#: Widths in pixels at which the page is looked at, and the colours that a reader prefers.
LOOKS = {"light": (1200, "light"), "dark": (1200, "dark"), "phone": (375, "light")}
