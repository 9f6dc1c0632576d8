"""The stage function: a batch of raw documents in, Arrow tables out, with no I/O.

It parses each document once, flattens it, and verifies the signatures of the whole batch
together. It neither knows where it runs nor where the documents come from.
"""

from __future__ import annotations

import base64
import gc
from collections.abc import Iterable, Sequence
from functools import cache

import polars as pl
import pyarrow as pa

from pipeline.document import NotPithError, UnsupportedError, read
from pipeline.flatten import flatten
from pipeline.keyring import Keyring
from pipeline.limits import MAX_NAMESAKES
from pipeline.rows import Row, Rows
from pipeline.staged import TABLES, to_arrow
from pipeline.strictjson import RefusedError
from pipeline.verify import CLAIM_SCHEMA, verdicts

#: `signatures` as `flatten` leaves them; what the verification finds follows.
_CLAIMED = TABLES["signatures"].names[
    : -len(("verdict", "public_key_b64", "carried", "carried_any"))
]
_AT = {name: index for index, name in enumerate(_CLAIMED)}


def stage(documents: Iterable[tuple[str, bytes]], keyring: Keyring) -> dict[str, pa.Table]:
    """Return the staged tables of a batch (`staged.TABLES`).

    Args:
        documents: (SHA-256 of the raw bytes in hex, raw bytes), each digest once.
        keyring: the pinned keys, tried before those that a document carries. Trust is not
            decided here.
    """
    rows = Rows()
    # the rows of a batch are many small objects without cycles: nothing for a collector
    enabled = gc.isenabled()
    gc.disable()
    try:
        for doc, (sha256, raw) in enumerate(documents):
            _stage_one(rows, doc, sha256, raw)
        _verify(rows, keyring)
        return {name: to_arrow(schema, rows.tables[name]) for name, schema in TABLES.items()}
    finally:
        if enabled:
            gc.enable()


def claims(rows: Sequence[Row], candidates: Sequence[list[bytes]]) -> pl.DataFrame:
    """Return staged signatures (rows in the schema's order) as `verify.verdicts` takes them."""
    # by way of Arrow: polars takes ten times as long over a list of lists
    columns = {
        name: pa.array([row[_AT[name]] for row in rows], pa.large_string())
        for name in CLAIM_SCHEMA
        if name != "candidates"
    }
    columns["candidates"] = pa.array(candidates, pa.large_list(pa.large_binary()))
    return pl.DataFrame(pa.table(columns))


def _stage_one(rows: Rows, doc: int, sha256: str, raw: bytes) -> None:
    try:
        document = read(raw)
    except RefusedError as error:
        rows.add_unread(doc, sha256, ("refused", str(error), error.place))
    except NotPithError as error:
        rows.add_unread(doc, sha256, ("not_pith", str(error), None))
    except UnsupportedError as error:
        rows.add_unread(doc, sha256, ("unsupported", str(error), None))
    else:
        flatten(rows, doc, sha256, document)


def _verify(rows: Rows, keyring: Keyring) -> None:
    """Complete the batch's signatures by their verdicts."""
    claimed = rows.tables["signatures"]
    pinned = cache(keyring.candidates)
    key_id, fingerprint = _AT["key_id"], _AT["public_key_fingerprint"]
    named = [
        _meant(carried, row[key_id], row[fingerprint])
        for row, carried in zip(claimed, rows.carried, strict=True)
    ]
    candidates = [
        list(dict.fromkeys([*pinned(row[key_id], row[fingerprint]), *keys]))
        for row, keys in zip(claimed, named, strict=True)
    ]
    found = verdicts(claims(claimed, candidates))
    rows.tables["signatures"] = [
        (*row, verdict, key and base64.b64encode(key).decode(), key in keys, bool(keys))
        for row, keys, (verdict, key) in zip(claimed, named, found.iter_rows(), strict=True)
    ]


def _meant(
    carried: list[tuple[str | None, str, bytes]], key_id: object, fingerprint: object
) -> list[bytes]:
    """Return the keys of a document that a signature in it may mean.

    A name of more than `MAX_NAMESAKES` keys means none: trying all keys on all signatures
    would cost the product of the two.
    """
    meant = {key: None for name, mark, key in carried if name == key_id or mark == fingerprint}
    return list(meant) if len(meant) <= MAX_NAMESAKES else []
