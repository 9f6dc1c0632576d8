"""The version of the program, as a digest of its own files."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path

from pipeline.errors import WarehouseError
from pipeline.resources import sql_dir


@cache
def version() -> str:
    """Return the version that this process runs: the digest when it was first asked for."""
    return digest()


def hold(other: str) -> None:
    """Let another process, or the files of the program, be of the version that this process runs.

    Raises:
        WarehouseError: they are of another one, so the program was upgraded during a build.
    """
    if other != version():
        message = "pith-etl was upgraded while it ran; nothing was published: build again"
        raise WarehouseError(message)


def digest() -> str:
    """Return the digest of the code and SQL that shape tables, names and contents.

    Files that only show tables are left out, so a changed help text makes no table anew.
    """
    package = Path(__file__).parent
    code = sorted(file for file in package.rglob("*.py") if not _shows(file, package))
    sql = sorted(file for file in sql_dir().rglob("*") if file.is_file())
    sql = [file for file in sql if not _shows(file, sql_dir())]
    found = hashlib.sha256()
    for file in (*code, *sql):
        found.update(b"%s\0%s\0" % (file.name.encode(), file.read_bytes()))
    return found.hexdigest()[:16]


#: The libraries that shape the bytes of tables.
LIBRARIES = ("duckdb", "msgspec", "orjson", "polars", "pyarrow", "pynacl")


def versions() -> dict[str, str]:
    """Return what must be the same wherever a task of one build runs, by name."""
    return {"pith-etl": version(), **{name: installed(name) for name in LIBRARIES}}


#: The folders and modules of `pipeline/` and `sql/` that only read tables.
_SHOWING = ("cli", "formats.py", "report", "synth", "queries", "show")


def _shows(file: Path, root: Path) -> bool:
    return file.relative_to(root).parts[0] in _SHOWING
