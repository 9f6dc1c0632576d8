"""The rows of the fresh documents: modelled and audited together.

`fresh` holds whole groups (`pipeline.model.groups`), so a row depends on no other document. The
tables that need the rows of all ranges are begun here, and finished by `pipeline.model.finish`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline import catalog
from pipeline.documents.keyring import Keyring
from pipeline.duck import Connection, execute_frugally, quote
from pipeline.limits import Limits
from pipeline.model import audit, state_diff
from pipeline.model.concurrent import run_concurrently
from pipeline.model.ranges import Range
from pipeline.model.tables import build_intermediate, show_table, stage_views, write_table
from pipeline.resources import sql
from pipeline.runner.part_store import Part
from pipeline.warehouse.snapshot import table_file


@dataclass(frozen=True, slots=True)
class BatchContext:
    """What a batch needs beside its connection; `threads` queries run at a time."""

    parts: Sequence[Part]
    keyring: Keyring
    limits: Limits
    threads: int


#: Makes a table of its model's rows: its name, a cursor and the SQL.
Make = Callable[[str, Connection, str], None]


def into_files(folder: Path, part: Range) -> Make:
    """Return what writes a table's file of a range, and shows it by the table's name."""

    def make(name: str, connection: Connection, query: str) -> None:
        file = table_file(folder, name, part.name)
        write_table(connection, catalog.table(name), query, file)
        show_table(connection, name, [file])

    return make


def into_memory(name: str, connection: Connection, query: str) -> None:
    """Keep a table's rows on the connection: they are not all of its rows."""
    execute_frugally(connection, f"create table {quote(name)} as {query}")


def model(
    connection: Connection, context: BatchContext, make: Make, *, only_fresh: bool
) -> Iterator[str]:
    """Model the fresh documents; yield the name of each table that is made.

    Args:
        connection: with `fresh` and `fresh_inputs`.
        context: of the build.
        make: what is to be done with the rows of a table.
        only_fresh: whether there are few of them, as `tables.stage_views` takes it.
    """
    stage_views(connection, context.parts, context.keyring, only_fresh=only_fresh)
    build_intermediate(connection)
    state_diff.find(connection, context.limits)
    jobs: dict[str, Callable[[Connection], None]] = {
        name: partial(_make, name, make) for name in catalog.modelled()
    }
    jobs["document_citations"] = _begin_citations
    needs = {name: _needed(catalog.model_sql(name)) for name in catalog.modelled()}
    needs["document_citations"] = ["events"]
    for name, _ in run_concurrently(connection, jobs, context.threads, needs):
        yield name


def audit_documents(connection: Connection, threads: int) -> None:
    """Create `document_findings`, by the checks that read one group's documents."""
    audit.collect(connection, threads, [check for check in catalog.checks() if not check.whole])
    audit.keep_findings(connection, "document_findings")


def _make(name: str, make: Make, connection: Connection) -> None:
    make(name, connection, catalog.model_sql(name))


def _begin_citations(connection: Connection) -> None:
    into_memory("document_citations", connection, sql("session", "document_citations"))


def _needed(query: str) -> list[str]:
    """Return the tables that a model reads, by their names in it."""
    return [
        table for table in catalog.modelled() if re.search(rf"\b(?:from|join) {table}\b", query)
    ]
