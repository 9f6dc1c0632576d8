"""Tables as text: on a terminal they fit, and no identifier is broken."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.text_table import cells, print_table

NUMBER = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> _Terminal:
    """Return a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    return _Terminal()


def test_columns_in_the_middle_are_left_out(terminal: _Terminal) -> None:
    """Columns that do not fit are counted, and the message says how to see them."""
    names = ["pith_number", *(f"a_long_name_{number}" for number in range(20)), "last"]
    print_table(terminal, names, [[NUMBER, *["x"] * 20, "end"]], "; --format line shows all")
    *table, told = terminal.getvalue().splitlines()
    assert table[0].split() == ["pith_number", "a_long_name_0", "a_long_name_1", "…", "last"]
    assert table[2].split() == [NUMBER, "x", "x", "…", "end"]
    assert told == "4 of 22 columns fit; --format line shows all"


def test_a_text_is_folded_at_its_words(terminal: _Terminal) -> None:
    """A title takes the lines that it needs beside a number that stays whole."""
    print_table(terminal, ["pith_number", "title"], [[NUMBER, "word " * 20]])
    lines = terminal.getvalue().splitlines()
    assert NUMBER in lines[2]
    assert sum(line.count("word") for line in lines) == 20
    assert "fit" not in lines[-1]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_no_line_is_wider_than_the_terminal(widths: list[int]) -> None:
    """Whatever the widths of identifiers are, each that is shown is whole on one line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        patch.setenv("TERM", "dumb")
        terminal = _Terminal()
        row = [chr(97 + number) * width for number, width in enumerate(widths)]
        print_table(terminal, ["n"] * len(row), [row])
    lines = terminal.getvalue().splitlines()
    assert max(map(cells, lines)) <= 80
    shown = lines[2].split()
    assert set(shown) <= {*row, "…"}
    assert ("…" in shown) == (len(shown) - shown.count("…") < len(row))
