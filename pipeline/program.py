"""Which version of the program this is, told by its own files."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from pipeline.resources import sql_dir


@cache
def version() -> str:
    """Return the digest of all code and SQL, names and contents: another may make other tables."""
    code = sorted(Path(__file__).parent.rglob("*.py"))
    sql = sorted(file for file in sql_dir().rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for file in (*code, *sql):
        digest.update(b"%s\0%s\0" % (file.name.encode(), file.read_bytes()))
    return digest.hexdigest()[:16]
