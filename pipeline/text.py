"""Functions that make strangers' texts harmless for a terminal and for a spreadsheet."""

from __future__ import annotations

import re

#: A terminal obeys control characters and marks that turn the direction of writing, and an attacker
#: can write titles.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
#: The characters that make a spreadsheet run a cell, from OWASP, "CSV Injection". The last four are
#: full-width forms.
FORMULA = "-=+@\t\r\n\uff1d\uff0b\uff0d\uff20"


def safe(text: str) -> str:
    """Return text with control characters made visible, for a terminal."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def one_line(text: str) -> str:
    """Return text on one line, any white space as a blank, harmless to a terminal."""
    return safe(" ".join(text.split()))


def safe_json(text: str) -> str:
    """Return JSON that means the same, with control characters escaped, for a terminal."""
    # what JSON leaves of them stands within strings
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
