"""From staged parts to published tables: the SQL in `sql/`, run by DuckDB.

Every table is written as Parquet, sorted, so that its bytes depend on the
documents and the keyring alone. Models and checks see the earlier tables by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline import catalog, session
from pipeline.catalog import Table
from pipeline.documents.keyring import Keyring
from pipeline.documents.signatures import encode_base64, verdicts
from pipeline.duck import Connection, execute_frugally, literal, parquet, quote, row_of
from pipeline.engine import engine, records
from pipeline.errors import ModelError
from pipeline.model.ranges import EVERYTHING, Range, create_key
from pipeline.outputs import put_whole
from pipeline.runner.part_store import Part, staged_files
from pipeline.stage.order import PART_BITS, PLACE_BITS
from pipeline.stage.schema import TABLES, Row, SignatureRow, arrow_schema, to_arrow
from pipeline.stage.stage import claims
from pipeline.vocabulary import SignatureVerdict

#: The rows of a row group of gathered parts: those that a query of DuckDB takes at a time.
_GATHERED = 2048

#: Digests and signatures hardly compress: a higher level takes longer and gives no less.
_ZSTD = 1


def part_views(connection: Connection, parts: Sequence[Part], one: Range = EVERYTHING) -> None:
    """Create or replace a view `part_TABLE` over the rows of all parts, live or not.

    `doc` is the number of a document among all (`pipeline.stage.order`).

    Args:
        connection: receives the views.
        parts: of staging.
        one: only of the documents of this range.
    """
    for name, schema in TABLES.items():
        if parts:
            source = f"{_rows(staged_files(parts, name), 'file_index')} where {one.holds_doc()}"
        else:
            none = connection.from_arrow(schema.empty_table())
            source = session.empty(zip(none.columns, map(str, none.types), strict=True))
        connection.execute(f"create or replace view part_{name} as {source}")


def gather_parts(connection: Connection, folder: Path) -> None:
    """Copy the rows of the views `part_TABLE` into a file each, over which the views then are.

    The rows of a range are some of each part, and many queries read them.
    """
    for name in TABLES:
        file = folder / f"{name}.parquet"
        execute_frugally(
            connection,
            f"copy (from part_{name}) to {literal(str(file))} "
            f"(format parquet, compression lz4_raw, row_group_size {_GATHERED})",
        )
        show_table(connection, f"part_{name}", [file])


def _rows(files: Sequence[str], part: str) -> str:
    """Return the query of a staged table's rows in files of parts; `part` gives their numbers."""
    names = ", ".join(map(literal, files))
    numbered = f"doc + (({part})::bigint << {PLACE_BITS}) as doc"
    return f"select * replace ({numbered}) from read_parquet([{names}])"  # noqa: S608 - our own paths, quoted


def _touched(connection: Connection, parts: Sequence[Part]) -> dict[int, Part]:
    """Return the parts that hold fresh documents, by their numbers."""
    numbers = connection.execute(
        "select distinct (doc >> $bits) & $parts from fresh order by all", _PART
    )
    return {number: parts[number] for (number,) in numbers.fetchall()}


def _fresh_rows(name: str, touched: Mapping[int, Part]) -> str:
    """Return the query of a staged table's rows of fresh documents, all in these parts."""
    files = staged_files(touched.values(), name)
    number = f"{list(touched)}[file_index::bigint + 1]"
    rows = _rows(files, number) if files else f"from part_{name}"
    return f"from ({rows}) semi join fresh using (doc)"


#: A query of the SHA-256 of all content that is staged, sorted, as bytes.
KNOWN = "select distinct unhex(sha256) as sha256 from part_documents order by sha256"

#: What gives the number of a document's part: how far to shift, and which bits to take.
_PART = {"bits": PLACE_BITS, "parts": 2**PART_BITS - 1}


def locate(connection: Connection, keyring: Keyring) -> None:
    """Create `pinned`, the keyring, and `live`, the `doc` of each content that an input has.

    Args:
        connection: with `inputs`.
        keyring: the pinned keys.
    """
    session.take(connection, "pinned", keyring.table())
    session.create_table(connection, "live")
    create_key(connection)


def stage_views(
    connection: Connection, parts: Sequence[Part], keyring: Keyring, *, only_fresh: bool = False
) -> None:
    """Create the relations that the SQL starts from, after `locate`.

    They are `staged_TABLE`, the rows of each staged table that are to be modelled, and
    `late_verdicts` of signatures by keys that were pinned after their part was made.

    Args:
        connection: with the views of these very parts.
        parts: in the order in which `part_views` took them.
        keyring: the pinned keys.
        only_fresh: model only the documents in `fresh`, of which there are few.
    """
    (dead,) = row_of(
        connection, "select (select count(*) from part_documents) - (select count(*) from live)"
    )
    touched = _touched(connection, parts) if only_fresh else {}
    for name in TABLES:
        if only_fresh:
            # many models and checks read these few rows
            made = f"table staged_{name} as {_fresh_rows(name, touched)}"
        else:
            made = f"view staged_{name} as from part_{name}"
            made += " semi join live using (doc)" if dead else ""
        connection.execute(f"create {made}")
    session.take(connection, "late_verdicts", _late_verdicts(connection, parts, keyring))


class _LateVerdict(Row):
    """What trying a signature under a key that was pinned later found."""

    doc: int
    pointer: str | None
    verdict: SignatureVerdict
    public_key_b64: str | None


def _late_verdicts(connection: Connection, parts: Sequence[Part], keyring: Keyring) -> pa.Table:
    """Try unverified signatures under the keys that were not pinned when their part was made.

    A verified signature is not verified again.
    """
    found: list[_LateVerdict] = []
    for number, part in enumerate(parts):
        new = [key for key in keyring.keys if key.label not in part.keys]
        if not new:
            continue
        values = {
            "number": number,
            **_PART,
            "names": [key.key_id for key in new],
            "marks": [key.fingerprint_sha256_hex for key in new],
        }
        rows = records(connection, session.query("late_signatures"), values)
        found += _tried([SignatureRow(**row) for row in rows], Keyring(tuple(new)))
    return to_arrow(arrow_schema(_LateVerdict), found)


def _tried(rows: list[SignatureRow], keys: Keyring) -> list[_LateVerdict]:
    candidates = [keys.candidates(row.key_id, row.public_key_fingerprint) for row in rows]
    tried = verdicts(claims(rows, candidates))
    return [
        _LateVerdict(
            doc=row.doc,
            pointer=row.pointer,
            verdict=verdict,
            public_key_b64=encode_base64(key) if key else None,
        )
        for row, (verdict, key) in zip(rows, tried, strict=True)
        if verdict != "invalid" or row.verdict == "unknown_key"
    ]


def build_intermediate(connection: Connection) -> None:
    """Create the relations between staging and models."""
    for name, kind in catalog.intermediate().items():
        execute_frugally(connection, f"create {kind} {name} as {catalog.intermediate_sql(name)}")


def write_table(
    connection: Connection,
    table: Table,
    sql: str,
    file: Path,
    parameters: Mapping[str, object] | None = None,
) -> int:
    """Write a query as a file of a published table, checked against the catalogue; return its rows.

    Raises:
        ModelError: the query's columns or types are not the catalogue's.
    """
    file.parent.mkdir(exist_ok=True)
    columns = [(column.name, column.type) for column in table.columns]
    # DuckDB marks a column as required if its statistics rule out nulls. The statistics depend on
    # how the rows were made. An Arrow table has none, so all its columns are optional
    blank = connection.sql(session.empty(columns)).to_arrow_table()
    connection.register("blank", blank)
    try:
        with put_whole(file) as aside:
            rows = execute_frugally(
                connection,
                f"copy (from ({sql}) union all from blank order by {', '.join(table.order)}) "
                f"to {literal(str(aside))} "
                # encodings that every reader knows (docs/decisions/0012-encodings-that-all-read.md)
                f"(format parquet, parquet_version v1, compression zstd, "
                f"compression_level {_ZSTD}, "
                f"row_group_size {catalog.ROW_GROUP}, kv_metadata {metadata(table)})",
                parameters,
            )
    except engine.BinderException as error:
        message = f"the model of {table.name} and its catalogue disagree: {error}"
        raise ModelError(message) from error
    connection.unregister("blank")
    _hold_to_catalogue(connection, table.name, file, columns)
    return rows


def _hold_to_catalogue(
    connection: Connection, name: str, file: Path, columns: Sequence[tuple[str, str]]
) -> None:
    """Compare a written table with the catalogue: to describe its model would plan it twice."""
    described = connection.execute(f"describe from {parquet([file])}").fetchall()
    actual = [(row[0], row[1]) for row in described]
    if actual != columns:
        wrong = sorted(set(actual) ^ set(columns)) or "their order"
        message = f"the model of {name} and its catalogue disagree on {wrong}"
        raise ModelError(message)


def show_table(connection: Connection, name: str, files: Iterable[Path]) -> None:
    """Create or replace the view of a table over its files."""
    connection.execute(f"create or replace view {quote(name)} as from {parquet(files)}")


def metadata(table: Table) -> str:
    """Return the meanings of a table and its columns as DuckDB's `kv_metadata` for Parquet."""
    meanings = {column.name: column.meaning for column in table.columns}
    return (
        f"{{pith_etl_table: {literal(table.meaning)}, "
        f"pith_etl_columns: {literal(json.dumps(meanings))}}}"
    )
