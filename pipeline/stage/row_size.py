"""Refuse a document whose rows hold more text than a query can carry.

DuckDB sorts and writes whole rows, thousands at a time: a few MB in each would take all the memory
of a build.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import orjson
from msgspec.structs import asdict, astuple

from pipeline.documents.ijson import RefusedError, pointer_text, walk
from pipeline.documents.read import Document
from pipeline.limits import MAX_ROW_BYTES
from pipeline.stage.rows import Rows
from pipeline.stage.schema import ROWS, DocumentRow, Row

#: A JSON pointer that is repeated for each unknown field makes a row longer than its document, by
#: less than this factor.
_EXPANSION = 16

_NAMES = {row: name for name, row in ROWS.items()}


def check_rows(rows: Rows, before: Mapping[type[Row], int], document: Document, size: int) -> None:
    """Let every row of a document hold at most `MAX_ROW_BYTES` of text.

    Args:
        rows: those of the batch.
        before: `Rows.lengths` before this document's were added.
        document: the document that they were made of.
        size: the document's length in bytes.

    Raises:
        RefusedError: a row holds more, with the pointer of what weighs most in it.
    """
    if size * _EXPANSION <= MAX_ROW_BYTES:
        return
    # only what has no column can be longer in a row than it is in the document
    tables = before if size > MAX_ROW_BYTES else (DocumentRow,)
    for table in tables:
        for row in islice(rows.tables[table], before[table], None):
            if _is_small(row):
                continue
            sizes = {column: _size(cell) for column, cell in asdict(row).items()}
            if sum(sizes.values()) > MAX_ROW_BYTES:
                raise _refused(row, sizes, document)


def _is_small(row: Row) -> bool:
    """Tell in a quick way whether a row surely holds little enough: UTF-8 has 4 bytes at most."""
    cells = astuple(row)
    characters = sum([len(cell) for cell in cells if isinstance(cell, str)])
    return 4 * characters <= MAX_ROW_BYTES and not any(isinstance(cell, list) for cell in cells)


def _refused(row: Row, sizes: dict[str, int], document: Document) -> RefusedError:
    name, heaviest = _NAMES[type(row)], max(sizes, key=lambda column: sizes[column])
    if isinstance(row, DocumentRow) and heaviest == "extra":
        place = _heaviest(document.extra)
    else:
        place = _find(document.tree, getattr(row, heaviest))
    reason = (
        f"a row of {name} would hold {sum(sizes.values())} bytes of text, more than {MAX_ROW_BYTES}"
    )
    error = RefusedError(reason, place)
    error.pith_number = document.pith_number
    return error


def _size(cell: object) -> int:
    """Return the bytes of a text, or of a list of texts; anything else weighs nothing."""
    if isinstance(cell, str):
        return len(cell) if cell.isascii() else len(cell.encode())
    return sum(map(_size, cell)) if isinstance(cell, list) else 0


def _heaviest(extra: dict[str, Any]) -> str:
    return max(extra, key=lambda pointer: len(pointer) + len(orjson.dumps(extra[pointer])))


def _find(tree: object, cell: object) -> str:
    """Return the pointer of the value that a cell was made of, or `/` if it was made of several."""
    if isinstance(cell, list):
        cell = orjson.dumps(cell).decode()
    for path, value in walk(tree):
        # only what was kept as JSON was a container
        if value == cell or (
            isinstance(value, dict | list) and orjson.dumps(value).decode() == cell
        ):
            return pointer_text(path)
    return "/"
