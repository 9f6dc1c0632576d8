"""The published tables are those that the catalogue describes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline import catalog
from pipeline.errors import ModelError
from pipeline.model.tables import show_table, write_table

_TABLE = catalog.table("categories")


def _model(columns: list[tuple[str, str]]) -> str:
    """Return a model of no rows with these columns."""
    return f"select {', '.join(f'null::{kind} as {name}' for name, kind in columns)} limit 0"


_COLUMNS = [(column.name, column.type) for column in _TABLE.columns]
_OTHERS = {
    "one too few": _COLUMNS[:-1],
    "one too many": [*_COLUMNS, ("more", "varchar")],
    "another type": [*_COLUMNS[:-1], (_COLUMNS[-1][0], "double[]")],
    "another name": [*_COLUMNS[:-1], ("other", _COLUMNS[-1][1])],
    "another order": [_COLUMNS[1], _COLUMNS[0], *_COLUMNS[2:]],
}


@pytest.mark.parametrize("name", _OTHERS)
def test_a_model_that_gives_other_columns_than_the_catalogue_is_refused(
    tmp_path: Path, name: str
) -> None:
    """A table never has other columns than are documented; the error names the model."""
    with duckdb.connect() as connection, pytest.raises(ModelError, match=r"model of categories"):
        write_table(connection, _TABLE, _model(_OTHERS[name]), tmp_path / "t" / "x.parquet")


def test_writing_a_table_tells_its_rows(tmp_path: Path) -> None:
    """The number is that of the rows in the file, which later queries read as the table."""
    values = ", ".join(f"null::{kind} as {name}" for name, kind in _COLUMNS)
    with duckdb.connect() as connection:
        model = f"select {values} from range(3)"  # noqa: S608 - columns of the catalogue
        file = tmp_path / "categories" / "x.parquet"
        assert write_table(connection, _TABLE, model, file) == 3
        show_table(connection, "categories", [file])
        assert connection.execute("select count(*) from categories").fetchall() == [(3,)]
