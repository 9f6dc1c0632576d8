"""Builds of hostile files of any kind beside the five real documents."""

from __future__ import annotations

import random
import tempfile
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import catalog
from tests.building import count, rows
from tests.hostile import KINDS, write
from tests.paths import SAMPLES
from tests.proven import changed, proven
from tests.site import start

#: A kind, a seed, and about how many bytes it has.
_FILES = st.tuples(
    st.sampled_from(sorted(KINDS)), st.integers(0, 2**32), st.sampled_from([50, 2_000, 20_000])
)

#: The most bytes of documents for each byte of a file.
_UNPACKED = 100
#: The most rows of all tables for each byte of the documents: the smallest, a line of `{}`, is a
#: row of `documents`, and may be one of `findings`.
_ROWS = 1


# each example is a build of a dozen hostile files, by a process
@settings(max_examples=3)
@given(st.lists(_FILES, min_size=10, max_size=14))
def test_hostile_files_fail_no_build_multiply_within_bounds_and_change_nothing_proven(
    samples_warehouse: Path, hostile: list[tuple[str, int, int]]
) -> None:
    """A build ends with 0 or 3, documents and rows have bounds, and proven rows stay the same."""
    with tempfile.TemporaryDirectory() as name:
        folder, warehouse = Path(name, "hostile"), Path(name, "warehouse")
        sent = 0
        for number, (kind, seed, scale) in enumerate(hostile):
            made = KINDS[kind](random.Random(seed), scale)  # noqa: S311 - no secret
            sent += write(folder / str(number), made)
        process = start("build", SAMPLES, folder, "--warehouse", warehouse, "--workers", 1)
        _, log = process.communicate()
        assert process.returncode in (0, 3), log[-2000:]
        assert changed(proven(partial(rows, samples_warehouse)), partial(rows, warehouse)) == []
        read = _read(warehouse)
        assert read <= _read(samples_warehouse) + _UNPACKED * sent
        assert _rows(warehouse) <= _rows(samples_warehouse) + _ROWS * read


def test_a_proven_row_that_changed_is_noticed(samples_warehouse: Path) -> None:
    """If the first proven row of a table is another, `changed` names that table."""
    query = partial(rows, samples_warehouse)
    for name in (name for name, found in proven(query).tables.items() if found):
        before = proven(query)
        before.tables[name][0] |= {"proof": "another"}
        assert next(found.split()[0] for found in changed(before, query)) == name
    assert changed(proven(query), query) == []


def _read(warehouse: Path) -> int:
    """Return the bytes of all documents."""
    ((found,),) = rows(warehouse, "select sum(bytes)::bigint from documents")
    assert isinstance(found, int)
    return found


def _rows(warehouse: Path) -> int:
    """Return the rows of all tables."""
    return sum(count(warehouse, table) for table in catalog.tables())
