"""What depends on the documents of all ranges: three tables, and the checks that read everything.

It is folded from narrow columns of all rows: a citation resolves by the arXiv ids of all papers
(`arxiv_numbers`), and a key is seen in all documents. No other row is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline import catalog, session
from pipeline.duck import Connection
from pipeline.model import audit
from pipeline.model.concurrent import run_concurrently
from pipeline.model.incremental import kept, kept_rows, link_tables, whole_codes
from pipeline.model.ranges import Range, range_of
from pipeline.model.tables import show_table, write_table
from pipeline.resources import sql
from pipeline.warehouse.snapshot import WHOLE, Last, table_file, written_files


@dataclass(frozen=True, slots=True)
class Begun:
    """The ranges of a build, whose rows are written but for citations and findings.

    Attributes:
        queries: for `citations` and `findings`, range to the query of the rows that its documents
            make: `document_citations` and `document_findings`.
        kept: the ranges that are as in the last snapshot.
    """

    queries: dict[str, dict[Range, str]]
    kept: list[Range] = field(default_factory=list)

    @property
    def ranges(self) -> list[Range]:
        """All ranges, in order."""
        return sorted([*self.queries["findings"], *self.kept])


def finish(
    connection: Connection, folder: Path, begun: Begun, last: Last | None, threads: int
) -> None:
    """Write citations, findings and keys, and show all tables by their names.

    Args:
        connection: with all relations of `tables.locate`, and those of `incremental.changes` where
            ranges are kept.
        folder: of the snapshot, with the files of the other tables.
        begun: what there is of it so far.
        last: the last snapshot, where ranges are kept.
        threads: how many queries run at a time.
    """
    for name in catalog.modelled():
        show_table(connection, name, written_files(folder, name))
    levels = catalog.intermediate_sql("proof_levels")
    connection.execute(f"create table if not exists proof_levels as {levels}")
    for name in ("document_grades", "carried_keys"):
        session.create_view(connection, name)
    session.create_table(connection, "arxiv_numbers")
    audit.collect(connection, threads, [check for check in catalog.checks() if check.whole])
    audit.keep_findings(connection, "whole_findings")
    queries = begun.queries
    if last and begun.kept:
        queries = _with_changed(connection, begun, last)
        for name, found in queries.items():
            link_tables(last, folder, [name], [one for one in begun.kept if one not in found])
    jobs = {
        f"{name} {one.name}": partial(_finish, folder, name, one, query)
        for name, found in queries.items()
        for one, query in found.items()
    }
    for _ in run_concurrently(connection, {"keys": partial(_keys, folder), **jobs}, threads):
        pass
    for name in ("keys", *queries):
        show_table(connection, name, written_files(folder, name))


def _with_changed(connection: Connection, begun: Begun, last: Last) -> dict[str, dict[Range, str]]:
    """Return the queries of `begun`, and of the kept ranges whose rows change all the same."""
    numbers = sql("session", "arxiv_numbers")
    connection.execute(
        "create table last_arxiv_numbers as "
        f"with papers as (from last_papers), aliases as (from last_aliases) {numbers}"
    )
    published = f"from last_findings where code in ({whole_codes()})"
    changed = {
        "citations": session.query("changed_citations"),
        "findings": session.query("changed_findings", published=published),
    }
    queries = {}
    for name, query in changed.items():
        keys = connection.execute(query).fetchall()
        ranges = {range_of(key, begun.ranges) for (key,) in keys}
        queries[name] = begun.queries[name] | {
            one: kept(catalog.table(name), kept_rows(last, catalog.table(name), one))
            for one in ranges.intersection(begun.kept)
        }
    return queries


def _finish(folder: Path, name: str, one: Range, query: str, connection: Connection) -> None:
    """Write the rows of a range in the table of citations, or in that of findings."""
    if name == "citations":
        text = f"with unresolved_citations as ({query}) {catalog.model_sql(name)}"
    else:
        text = f"{query} union all by name from whole_findings where {one.holds()}"
    write_table(connection, catalog.table(name), text, table_file(folder, name, one.name))


def _keys(folder: Path, connection: Connection) -> None:
    table, text = catalog.table("keys"), catalog.model_sql("keys")
    write_table(connection, table, text, table_file(folder, "keys", WHOLE))
