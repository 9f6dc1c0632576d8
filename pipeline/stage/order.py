"""The order of documents in a part: by their Pith numbers.

The number of a document, `doc`, begins with the key of its Pith number. So the documents of a range
of Pith numbers stand together, and to model a range takes no others (`pipeline.model.ranges`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

#: There are fewer keys than this; the last one is of what has no Pith number.
KEYS = 2**24

#: The characters of an id, in the order in which texts are sorted.
ALPHABET = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#: `doc` is the key, the number of the part, and the place in the part, in so many bits.
PART_BITS, PLACE_BITS = 19, 20
KEY_SHIFT = PART_BITS + PLACE_BITS

_NUMBER = re.compile(r"pith:([0-9]{4}):([2-7A-Z])([2-7A-Z])")


def number_key(number: str | None) -> int:
    """Return the key of a Pith number, as `sql/steps/number_key.sql` does.

    It is the year, and 10 bits for the first two characters of the id: keys are in the order of the
    numbers.
    """
    found = _NUMBER.match(number) if number else None
    if found is None:
        return KEYS - 1
    year, first, second = found.groups()
    return int(year) << 10 | ALPHABET.index(first) << 5 | ALPHABET.index(second)


def arrange(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the staged tables of a batch in the order of their documents' Pith numbers.

    Args:
        tables: `doc` is the place of a document in the batch; `documents` has them in order.

    Returns:
        The same rows; `doc` is as above, without the number of the part.
    """
    keys = [number_key(number) for number in tables["documents"]["pith_number"].to_pylist()]
    places = sorted(range(len(keys)), key=keys.__getitem__)
    docs = [0] * len(keys)
    for place, doc in enumerate(places):
        docs[doc] = keys[doc] << KEY_SHIFT | place
    return {name: _arranged(table, pa.array(docs, pa.int64())) for name, table in tables.items()}


def _arranged(table: pa.Table, docs: pa.Array) -> pa.Table:
    at = table.schema.get_field_index("doc")
    numbered = table.set_column(
        at, table.schema.field(at), docs.take(table["doc"].combine_chunks())
    )
    # the rows of a document keep their order: the sort is stable
    return numbered.take(pc.sort_indices(numbered["doc"]))
