"""The ledger of input on one screen: what was read, what became of it, and why not all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from pipeline.cli.text_table import print_table
from pipeline.engine import records
from pipeline.resources import sql
from pipeline.text import one_line, safe
from pipeline.warehouse.reader import Warehouse

#: The most containers, and the most sources with files, that have a line; and the most reasons.
CONTAINERS = 12
REASONS = 8

_COUNTS = ("files", "rows", "documents")
#: What a row may be instead of a document that was read whole.
OTHERS = ("refused", "unreadable", "unsupported", "not_pith", "skipped")

Row = Mapping[str, Any]


def inputs(warehouse: Warehouse, output: IO[str]) -> None:
    """Print a line for each source and container, their sum, and why rows are no documents."""
    rows = records(warehouse.connection, sql("show", "inputs"), {"most": CONTAINERS})
    names = (*_COUNTS, *OTHERS, "stale")
    total = {name: sum(row[name] for row in rows) for name in names}
    told = [name for name in names if name in _COUNTS or total[name]]
    lines = [(*_place(row), *(f"{row[name]:,}" for name in told)) for row in rows]
    lines.append(("all", "", *(f"{total[name]:,}" for name in told)))
    print_table(output, ("source", "container", *told), lines)
    _write_reasons(warehouse, output)
    output.write(f"\n{accounted(total['files'], {'ok': total['documents'], **total})}\n")


def _place(row: Row) -> tuple[str, str]:
    """Return how a line names its source and its container, below that."""
    source, container = row["source"] or "", row["container"]
    if row["containers"] > 1:
        return "", f"{row['containers']:,} more"
    if container is None:
        return safe(source) or "more sources", "(files of one document)"
    return safe(source), safe(container.removeprefix(source)) or "(itself)"


def _write_reasons(warehouse: Warehouse, output: IO[str]) -> None:
    reasons = records(warehouse.connection, sql("show", "reasons"), {"most": REASONS + 1})
    if reasons:
        output.write("\nnot read whole:\n")
    for row in reasons[:REASONS]:
        reason = one_line(safe(row["reason"] or "no reason is known"))
        output.write(f"  {row['rows']:,} {row['status']}: {reason}\n")
    if len(reasons) > REASONS:
        output.write("  and more: pith-etl sql --named refused_documents\n")


def accounted(files: int, statuses: Mapping[str, int]) -> str:
    """Return one line by which every row of the input is accounted for."""
    rows = sum(statuses.get(name, 0) for name in ("ok", *OTHERS))
    parts = [f"{statuses.get('ok', 0):,} documents"]
    parts += [f"{statuses[name]:,} {name}" for name in OTHERS if statuses.get(name)]
    return f"inputs: {rows:,} rows in {files:,} files = {' + '.join(parts)}"
