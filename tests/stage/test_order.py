"""The order of documents in a part."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents.keyring import load
from pipeline.model.ranges import create_key
from pipeline.resources import default_keyring
from pipeline.stage.order import ALPHABET, KEY_SHIFT, number_key
from pipeline.stage.stage import stage
from tests.site import REAL

_IDS = st.text(ALPHABET, min_size=26, max_size=26)
_NUMBERS = st.builds("pith:{:04}:{}".format, st.integers(0, 9999), _IDS)


@given(st.lists(st.one_of(_NUMBERS, st.text(max_size=20), st.none()), max_size=20))
def test_python_and_sql_give_the_same_key(numbers: list[str | None]) -> None:
    """A document and a row of a table with its number are in the same range."""
    with duckdb.connect() as connection:
        create_key(connection)
        found = connection.execute(
            "select list_transform($numbers::varchar[], lambda number: number_key(number))",
            {"numbers": numbers},
        ).fetchall()
    assert found == [([number_key(number) for number in numbers],)]


@given(_NUMBERS, _NUMBERS)
def test_keys_are_in_the_order_of_the_numbers(one: str, other: str) -> None:
    """So a range of keys is a range of numbers."""
    assert (number_key(one) <= number_key(other)) or one > other


def test_the_documents_of_a_part_stand_in_the_order_of_their_numbers() -> None:
    """Whatever order they come in, `doc` begins with the key, in every table of the part."""
    raw = [*REAL.values(), b"{}"]
    found = stage(
        ((f"{place:064}", text) for place, text in enumerate(raw)), load(default_keyring())
    )
    numbers = found["documents"]["pith_number"].to_pylist()
    docs = found["documents"]["doc"].to_pylist()
    assert docs == sorted(docs)
    assert [doc >> KEY_SHIFT for doc in docs] == list(map(number_key, numbers))
    for table in found.values():
        rows = table["doc"].to_pylist()
        assert rows == sorted(rows)
        assert set(rows) <= set(docs)
