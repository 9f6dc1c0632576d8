"""The files that the program needs beside its code: the SQL and the default keyring."""

from __future__ import annotations

import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """Return the directory that holds `sql/` and `data/keyring.json`.

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
    """Return the SQL of a file, in which `vouched(COLUMN)` is written out."""
    return _VOUCHED.sub(lambda found: vouched(found[1]), path.read_text("utf-8"))


_VOUCHED = re.compile(r"\bvouched\(([a-z_.]+)\)")


def vouched(proof: str) -> str:
    """Return the SQL condition that the registry's signature vouches for a row.

    Args:
        proof: the column that says how well the row is proven (docs/evidence.md).
    """
    return f"{proof} in ('signed', 'receipt')"


def default_keyring() -> Path:
    """Return the keyring that pins the registry's published key."""
    return root() / "data" / "keyring.json"
