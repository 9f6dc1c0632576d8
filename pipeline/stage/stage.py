"""The stage function: a batch of raw documents in, Arrow tables out, with no I/O.

It parses each document once, flattens it, and verifies the signatures of the whole batch
together. It neither knows where it runs nor where the documents come from.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter

import pyarrow as pa

from pipeline.documents.ijson import RefusedError
from pipeline.documents.keyring import Keyring
from pipeline.documents.read import NotPithError, UnsupportedError, read
from pipeline.documents.signatures import Claim, encode_base64, verdicts
from pipeline.limits import MAX_NAMESAKES
from pipeline.stage.flatten.documents import flatten
from pipeline.stage.row_size import check_rows
from pipeline.stage.rows import Row, Rows
from pipeline.stage.schema import TABLES, to_arrow

_AT = {name: index for index, name in enumerate(TABLES["signatures"].names)}
#: The columns of `signatures` that a claim takes, and those that name its key.
_claimed = itemgetter(*(_AT[name] for name in Claim._fields[:-1]))
_named = itemgetter(_AT["doc"], _AT["key_id"], _AT["public_key_fingerprint"])


def stage(documents: Iterable[tuple[str, bytes]], keyring: Keyring) -> dict[str, pa.Table]:
    """Return the staged tables of a batch (`schema.TABLES`).

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


def claims(rows: Sequence[Row], candidates: Iterable[Sequence[bytes]]) -> Iterator[Claim]:
    """Yield staged signatures (rows in the schema's order) as `signatures.verdicts` takes them."""
    for row, keys in zip(rows, candidates, strict=True):
        yield Claim._make((*_claimed(row), keys))


def _stage_one(rows: Rows, doc: int, sha256: str, raw: bytes) -> None:
    before = rows.lengths()
    try:
        document = read(raw)
        flatten(rows, doc, sha256, document)
        check_rows(rows, before, document, len(raw))
    except RefusedError as error:
        rows.undo(before)
        unread = ("refused", str(error), error.place, error.pith_number)
        rows.add_unread(doc, sha256, unread)
    except NotPithError as error:
        rows.add_unread(doc, sha256, ("not_pith", str(error), None))
    except UnsupportedError as error:
        rows.add_unread(doc, sha256, ("unsupported", str(error), None))


def _verify(rows: Rows, keyring: Keyring) -> None:
    """Complete the batch's signatures by their verdicts."""
    claimed = rows.tables["signatures"]
    keys = _keys(rows, keyring)
    found = verdicts(claims(claimed, [candidates for _, candidates in keys]))
    rows.tables["signatures"] = [
        (*row, verdict, key and encode_base64(key), key in meant, bool(meant))
        for row, (meant, _), (verdict, key) in zip(claimed, keys, found, strict=True)
    ]


def _keys(rows: Rows, keyring: Keyring) -> list[tuple[list[bytes], list[bytes]]]:
    """Return for each signature the carried keys that it may mean, and all to try."""
    pinned = cache(keyring.candidates)
    found: dict[tuple[object, ...], tuple[list[bytes], list[bytes]]] = {}
    result = []
    for row, carried in zip(rows.tables["signatures"], rows.carried, strict=True):
        named = _named(row)
        # the signatures of a document name the same key, as a rule
        if named not in found:
            meant = _meant(carried, *named[1:])
            found[named] = meant, list(dict.fromkeys([*pinned(*named[1:]), *meant]))
        result.append(found[named])
    return result


def _meant(
    carried: list[tuple[str | None, str, bytes]], key_id: object, fingerprint: object
) -> list[bytes]:
    """Return the keys of a document that a signature in it may mean.

    A name of more than `MAX_NAMESAKES` keys means none: trying all keys on all signatures
    would cost the product of the two.
    """
    meant = {key: None for name, mark, key in carried if name == key_id or mark == fingerprint}
    return list(meant) if len(meant) <= MAX_NAMESAKES else []
