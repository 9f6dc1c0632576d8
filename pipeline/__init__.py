"""pith-etl: Pith documents, verified and flattened into tables.

`Warehouse` opens the published tables in a notebook or a script; these are its errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import PithEtlError, UnknownPaperError, UsageError, WarehouseError

if TYPE_CHECKING:
    from pipeline.warehouse.reader import Warehouse

__all__ = ["PithEtlError", "UnknownPaperError", "UsageError", "Warehouse", "WarehouseError"]


def __getattr__(name: str) -> object:
    """Import `Warehouse` on first use: the command line starts faster without DuckDB."""
    if name == "Warehouse":
        import duckdb  # noqa: PLC0415, F401 - a notebook makes relations of `connection`, too

        from pipeline.warehouse.reader import Warehouse  # noqa: PLC0415 - see above

        return Warehouse
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
