"""The stage function: a batch of raw documents in, Arrow tables out, with no I/O.

It parses each document once, flattens it, and verifies the signatures of the whole batch
together. It neither knows where it runs nor where the documents come from.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import cast

import pyarrow as pa

from pipeline.documents.ijson import RefusedError
from pipeline.documents.keyring import Keyring
from pipeline.documents.read import NotPithError, UnsupportedError, read
from pipeline.documents.signatures import Claim, encode_base64, verdicts
from pipeline.limits import MAX_NAMESAKES
from pipeline.stage.flatten.documents import flatten
from pipeline.stage.order import arrange
from pipeline.stage.row_size import check_rows
from pipeline.stage.rows import CarriedKey, Rows
from pipeline.stage.schema import ROWS, TABLES, DocumentRow, SignatureRow, to_arrow

#: The columns of a signature that a claim takes: they have the same names.
_claimed = attrgetter(*Claim._fields[:-1])


def stage(documents: Iterable[tuple[str, bytes]], keyring: Keyring) -> dict[str, pa.Table]:
    """Return the staged tables of a batch (`schema.TABLES`), arranged by `order.arrange`.

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
        return arrange(
            {name: to_arrow(TABLES[name], rows.tables[row]) for name, row in ROWS.items()}
        )
    finally:
        if enabled:
            gc.enable()


def claims(rows: Sequence[SignatureRow], candidates: Iterable[Sequence[bytes]]) -> Iterator[Claim]:
    """Yield staged signatures as `signatures.verdicts` takes them."""
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
        unread = DocumentRow(
            doc=doc,
            sha256=sha256,
            status="refused",
            reason=str(error),
            place=error.place,
            pith_number=error.pith_number,
        )
        rows.add(unread)
    except NotPithError as error:
        rows.add(DocumentRow(doc=doc, sha256=sha256, status="not_pith", reason=str(error)))
    except UnsupportedError as error:
        rows.add(DocumentRow(doc=doc, sha256=sha256, status="unsupported", reason=str(error)))


def _verify(rows: Rows, keyring: Keyring) -> None:
    """Complete the batch's signatures by their verdicts."""
    signatures = cast("list[SignatureRow]", rows.tables[SignatureRow])
    keys = _keys(signatures, rows.carried, keyring)
    found = verdicts(claims(signatures, [candidates for _, candidates in keys]))
    for row, (candidates, _), (verdict, key) in zip(signatures, keys, found, strict=True):
        row.verdict = verdict
        row.public_key_b64 = encode_base64(key) if key else None
        row.carried = key in candidates
        row.carried_any = bool(candidates)


def _keys(
    rows: Sequence[SignatureRow], carried: Sequence[Sequence[CarriedKey]], keyring: Keyring
) -> list[tuple[list[bytes], list[bytes]]]:
    """Return for each signature the carried keys that it may name, and all to try."""
    pinned = cache(keyring.candidates)
    found: dict[tuple[int, str | None, str | None], tuple[list[bytes], list[bytes]]] = {}
    result = []
    for row, keys in zip(rows, carried, strict=True):
        key_id, fingerprint = row.key_id, row.public_key_fingerprint
        named = (row.doc, key_id, fingerprint)
        # the signatures of a document name the same key, as a rule
        if named not in found:
            candidates = _key_candidates(keys, key_id, fingerprint)
            tried = list(dict.fromkeys([*pinned(key_id, fingerprint), *candidates]))
            found[named] = candidates, tried
        result.append(found[named])
    return result


def _key_candidates(
    carried: Sequence[CarriedKey], key_id: str | None, fingerprint: str | None
) -> list[bytes]:
    """Return the keys of a document that a signature in it may name.

    A name of more than `MAX_NAMESAKES` keys names none of them: trying all keys on all signatures
    would cost the product of the two.
    """
    found = {
        key.raw: None for key in carried if key.key_id == key_id or key.fingerprint == fingerprint
    }
    return list(found) if len(found) <= MAX_NAMESAKES else []
