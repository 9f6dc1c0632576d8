"""From staged parts to published tables: the SQL in `sql/`, run by DuckDB.

Every table is written as Parquet, sorted, so that its bytes depend on the
documents and the keyring alone. Models and checks see the earlier tables by name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import catalog
from pipeline.catalog import Table
from pipeline.duck import Connection, literal, quote, row_of
from pipeline.errors import ModelError
from pipeline.keyring import Keyring
from pipeline.stage import claims
from pipeline.staged import TABLES
from pipeline.staging import Part, empty, staged_files
from pipeline.verify import verdicts

#: Rows in a row group: small enough that a lookup in a sorted table reads little.
_ROW_GROUP = 20_480


def part_views(connection: Connection, parts: Sequence[Part]) -> None:
    """Create or replace a view `part_TABLE` over the rows of all parts, live or not.

    `doc` is the number of a document among all: that of its part, then that in its part.
    """
    for name in TABLES:
        view = f"part_{name}"
        files = staged_files(parts, name)
        if files:
            names = ", ".join(literal(file) for file in files)
            numbered = f"replace ((file_index::bigint << {_DOC_BITS}) + doc as doc)"
            source = f"select * {numbered} from read_parquet([{names}])"  # noqa: S608 - our own paths, quoted
        else:
            connection.register(f"{view}_empty", empty(name))
            source = f"from {view}_empty"
        connection.execute(f"create or replace view {view} as {source}")


#: A part holds fewer documents than this many bits can number.
_DOC_BITS = 24


def stage_views(connection: Connection, parts: Sequence[Part], keyring: Keyring) -> None:
    """Create the relations that the SQL starts from, beside `inputs`, which must exist.

    They are `pinned`, a view `staged_TABLE` over the live rows of each staged table, and
    `late_verdicts` of signatures by keys that were pinned after their part was made. `inputs`
    learns the `doc` of each document.

    Args:
        connection: with `inputs`, and the views of these very parts.
        parts: in the order in which `part_views` took them.
        keyring: the pinned keys.
    """
    connection.register("pinned_keys", keyring.table())
    connection.execute("create table pinned as from pinned_keys order by position")
    # content that two parts hold counts once
    connection.execute(
        """
        create table live as
        select sha256, min(doc) as doc
        from part_documents
        semi join inputs using (sha256)
        group by sha256
        """
    )
    connection.execute("alter table inputs rename to located")
    connection.execute("create table inputs as from located left join live using (sha256)")
    (dead,) = row_of(
        connection, "select (select count(*) from part_documents) - (select count(*) from live)"
    )
    for name in TABLES:
        alive = "semi join live using (doc)" if dead else ""
        connection.execute(f"create view staged_{name} as from part_{name} {alive}")
    late = _late_verdicts(connection, parts, keyring)
    connection.register("late_rows", late)
    connection.execute("create table late_verdicts as from late_rows")


_LATE = pa.schema(
    [
        ("doc", pa.int64()),
        ("pointer", pa.string()),
        ("verdict", pa.string()),
        ("public_key_b64", pa.string()),
    ]
)


def _late_verdicts(connection: Connection, parts: Sequence[Part], keyring: Keyring) -> pa.Table:
    """Verify what holds under no key so far under the keys that its part was not tried with.

    Nothing that was verified is verified again.
    """
    found: list[tuple[Any, ...]] = []
    for number, part in enumerate(parts):
        new = [key for key in keyring.keys if key.public_key_b64 not in part.keys]
        if not new:
            continue
        rows = connection.execute(
            f"""
            from staged_signatures
            where
                doc >> {_DOC_BITS} = $number
                and verdict in ('unknown_key', 'invalid', 'digest_mismatch')
                and (
                    list_contains($names, key_id)
                    or list_contains($marks, public_key_fingerprint)
                )
            """,
            {
                "number": number,
                "names": [key.key_id for key in new],
                "marks": [key.fingerprint_sha256_hex for key in new],
            },
        ).fetchall()
        keys = Keyring(tuple(new))
        found += _tried(rows, keys)
    return pa.Table.from_pylist(
        [dict(zip(_LATE.names, row, strict=True)) for row in found], schema=_LATE
    )


def _tried(rows: list[tuple[Any, ...]], keys: Keyring) -> list[tuple[Any, ...]]:
    names = TABLES["signatures"].names
    at = {name: names.index(name) for name in names}
    candidates = [
        keys.candidates(row[at["key_id"]], row[at["public_key_fingerprint"]]) for row in rows
    ]
    tried = verdicts(claims(rows, candidates))
    return [
        (row[at["doc"]], row[at["pointer"]], verdict, key and base64.b64encode(key).decode())
        for row, (verdict, key) in zip(rows, tried, strict=True)
        if verdict != "invalid" or row[at["verdict"]] == "unknown_key"
    ]


def build_intermediate(connection: Connection) -> None:
    """Create the relations between staging and models."""
    for name in catalog.INTERMEDIATE:
        connection.execute(f"create table {name} as {catalog.intermediate_sql(name)}")


def write_model(connection: Connection, name: str, directory: Path) -> int:
    """Write one published table by its model and create its view; return its rows."""
    return write_table(connection, catalog.table(name), catalog.model_sql(name), directory)


def write_table(connection: Connection, table: Table, sql: str, directory: Path) -> int:
    """Write a query as a published table, checked against the catalogue; return its rows.

    Raises:
        ModelError: the query's columns or types are not the catalogue's.
    """
    described = connection.execute(f"describe {sql}").fetchall()
    actual = [(row[0], row[1]) for row in described]
    expected = [(column.name, column.type) for column in table.columns]
    if actual != expected:
        wrong = sorted(set(actual) ^ set(expected)) or "their order"
        message = f"the model of {table.name} and its catalogue disagree on {wrong}"
        raise ModelError(message)
    folder = directory / table.name
    folder.mkdir()
    file = folder / "part-0.parquet"
    connection.execute(
        f"copy ({sql}) to {literal(str(file))} "
        f"(format parquet, compression zstd, row_group_size {_ROW_GROUP}, "
        f"kv_metadata {metadata(table)})"
    )
    connection.execute(
        f"create view {quote(table.name)} as from read_parquet({literal(str(file))})"
    )
    return int(pq.read_metadata(file).num_rows)


def metadata(table: Table) -> str:
    """Return the meanings of a table and its columns as DuckDB's `kv_metadata` for Parquet."""
    meanings = {column.name: column.meaning for column in table.columns}
    return (
        f"{{pith_etl_table: {literal(table.meaning)}, "
        f"pith_etl_columns: {literal(json.dumps(meanings))}}}"
    )
