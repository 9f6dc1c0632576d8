"""The files that the program needs beside its code: SQL, default keyring, samples, notebook."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.vocabulary import VOUCHED

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """Return the directory that holds `sql/`, `data/` and `notebooks/`.

    A wheel carries it inside of the package; in a checkout it is the checkout itself.
    """
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent


def sql_dir() -> Path:
    """Return the directory of the SQL files."""
    return root() / "sql"


def sql(folder: str, name: str) -> str:
    """Return the SQL that stands in one of the files."""
    return read_sql(sql_dir() / folder / f"{name}.sql")


def read_sql(path: Path) -> str:
    """Return the SQL of a file, in which the expressions of `_WRITTEN_OUT` are written out."""
    return _CALL.sub(lambda found: _WRITTEN_OUT[found[1]](found[2]), path.read_text("utf-8"))


def vouched(proof: str) -> str:
    """Return the SQL condition that the registry's signature vouches for a row.

    Args:
        proof: the column that says how well the row is proven (docs/evidence.md).
    """
    levels = ", ".join(f"'{level}'" for level in VOUCHED)
    return f"{proof} in ({levels})"


def same_in_all(column: str) -> str:
    """Return the SQL aggregate that is the value of a column in all rows; null if they differ."""
    different = f"count({column}) < count(*) or min({column}) <> max({column})"
    return f"if({different}, null, min({column}))"


#: What SQL may call as `NAME(COLUMN)`; DuckDB's own macros would not reach the views.
_WRITTEN_OUT = {"vouched": vouched, "same_in_all": same_in_all}
_CALL = re.compile(rf"\b({'|'.join(_WRITTEN_OUT)})\(([a-z_.]+)\)")


def default_keyring() -> Path:
    """Return the keyring that pins the registry's published key."""
    return root() / "data" / "keyring.json"


def samples_dir() -> Path:
    """Return the directory of the five real documents."""
    return root() / "data" / "samples"


def notebook() -> Path:
    """Return the worked notebook."""
    return root() / "notebooks" / "explore.py"
