"""The worked examples of `sql/queries/`: which there are, and one with its values."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import IO

from pipeline import catalog
from pipeline.catalog import Query
from pipeline.cli.text_table import print_table
from pipeline.errors import UsageError


def query(name: str) -> Query:
    """Return one worked example.

    Raises:
        UsageError: no query has this name.
    """
    known = catalog.queries()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        message = f"there is no query {name!r}; `pith-etl queries` lists them.{meant}"
        raise UsageError(message)
    return known[name]


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


def bound(name: str, given: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the SQL of a worked example, and the values to bind: those given, else its defaults.

    Raises:
        UsageError: there is no such query, or it has no such parameter.
    """
    chosen = query(name)
    defaults = {one.name: one.default or "" for one in chosen.parameters}
    unknown = given.keys() - defaults.keys()
    if unknown:
        known = ", ".join(defaults) or "none"
        message = f"{name} has no parameter {min(unknown)!r}; it has {known}"
        raise UsageError(message)
    return chosen.sql, defaults | given


def write(name: str | None, output: IO[str]) -> None:
    """Print the worked examples with their parameters, or the SQL of one.

    Raises:
        UsageError: there is no such query.
    """
    if name is not None:
        output.write(query(name).sql)
        return
    rows = [
        (one.name, one.question, ", ".join(f"{p.name}={p.default}" for p in one.parameters))
        for one in catalog.queries().values()
    ]
    print_table(output, ("name", "question", "parameters"), rows)
