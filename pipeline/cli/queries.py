"""The worked examples of `sql/queries/`: which there are, and the values given to one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from pipeline import catalog
from pipeline.cli.text_table import print_table
from pipeline.errors import UsageError


def values(given: Iterable[str]) -> dict[str, str]:
    """Return the keys and values of `KEY=VALUE`s. Values stay text; the queries cast them.

    Raises:
        UsageError: one of them has no `=`, or a key comes twice.
    """
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            message = f"a parameter is KEY=VALUE, not {text!r}"
            raise UsageError(message)
        if key in found:
            message = f"the parameter {key} is given twice"
            raise UsageError(message)
        found[key] = value
    return found


def write(name: str | None, output: IO[str]) -> None:
    """Print the worked examples with their parameters, or the SQL of one.

    Raises:
        UsageError: there is no such query.
    """
    if name is not None:
        output.write(catalog.query(name).sql)
        return
    rows = [
        (one.name, one.question, ", ".join(f"{p.name}={p.default}" for p in one.parameters))
        for one in catalog.queries().values()
    ]
    print_table(output, ("name", "question", "parameters"), rows)
