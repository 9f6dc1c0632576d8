"""Tables as text: fitted to the width of a terminal, in Markdown elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import IO

from pipeline.text import safe

#: The greatest width of a column outside a terminal. A longer cell sticks out whole: widening the
#: column would widen all rows.
_WIDEST = 500
#: On a terminal a text of several words may be folded to so many characters.
_NARROWEST = 20
#: The text between two columns on a terminal.
_GAP = 2
_DROPPED = "…"


def print_table(
    output: IO[str], names: Sequence[str], rows: Sequence[Sequence[str]], advice: str = ""
) -> None:
    """Print a table: fitted to the width of a terminal, elsewhere in Markdown of any width.

    Args:
        output: where to print.
        names: of the columns.
        rows: a text for each column.
        advice: how to see the columns that do not fit a terminal.
    """
    names = [safe(name) for name in names]
    lines = _boxed(output, names, rows, advice) if output.isatty() else _markdown(names, rows)
    output.writelines(f"{line}\n" for line in lines)


def _boxed(
    output: IO[str], names: Sequence[str], rows: Sequence[Sequence[str]], advice: str
) -> Iterator[str]:
    """Yield the lines of a table that fits a terminal: columns in the middle may be left out."""
    from rich import box  # noqa: PLC0415 - elsewhere a table needs no library
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    console = Console(file=output, highlight=False)
    widths = [_least(column) for column in zip(names, *rows, strict=True)]
    shown = _fitting(widths, console.width)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for index in shown:
        if index is None:
            table.add_column(Text(_DROPPED))
        else:
            least = min(widths[index], console.width)
            table.add_column(Text(names[index]), overflow="fold", min_width=least)
    for row in rows:
        table.add_row(*(Text(_DROPPED if index is None else row[index]) for index in shown))
    with console.capture() as captured:
        console.print(table)
    yield from captured.get().splitlines()
    if None in shown:
        yield f"{len(shown) - 1} of {len(names)} columns fit{advice}"


def _least(column: Sequence[str]) -> int:
    """Return the least width of a column. No identifier is broken, so that it can be copied."""
    longest = max(cells(line) for cell in column for line in cell.split("\n"))
    if longest <= _NARROWEST:
        return longest
    words = max((cells(word) for cell in column for word in cell.split()), default=0)
    return max(_NARROWEST, words)


def _fitting(widths: Sequence[int], room: int) -> list[int | None]:
    """Return the indexes of the columns that fit, with None where those in the middle are left out.

    Args:
        widths: the least width of each column.
        room: the width of all.
    """
    if sum(widths) + _GAP * (len(widths) - 1) <= room:
        return list(range(len(widths)))
    room -= len(_DROPPED)
    first, last = 0, len(widths)
    while first < last:
        # two from the left for one from the right: a table begins with its key
        takes_left = first <= 2 * (len(widths) - last)
        room -= _GAP + widths[first if takes_left else last - 1]
        if room < 0 and first:
            break
        first, last = (first + 1, last) if takes_left else (first, last - 1)
    return [*range(first), None, *range(last, len(widths))]


def _markdown(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    # a plan has cells of several lines
    lines = [
        line
        for row in rows
        for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    ]
    widths = [min(_WIDEST, max(map(cells, column))) for column in zip(names, *lines, strict=True)]
    for number, line in enumerate([names, *lines]):
        padded = (
            cell + " " * (width - cells(cell)) for cell, width in zip(line, widths, strict=True)
        )
        yield f"| {' | '.join(padded)} |"
        if not number:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - most tables need no library

    return cell_len(text)
