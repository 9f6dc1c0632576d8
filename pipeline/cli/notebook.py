"""`pith-etl notebook`: the worked notebook as an app in the browser, by marimo."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from pipeline.extras import require_extra
from pipeline.resources import notebook
from pipeline.warehouse import snapshot


def run(warehouse: Path) -> NoReturn:
    """Become marimo, which serves the notebook over a warehouse to this machine alone.

    Raises:
        UsageError: marimo is not installed.
        WarehouseError: nothing is published.
    """
    require_extra("marimo", "notebook", "pith-etl notebook")
    snapshot.current(warehouse)
    os.environ["PITH_ETL_WAREHOUSE"] = str(warehouse.absolute())
    command = [sys.executable, "-m", "marimo", "run", "--include-code", str(notebook())]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - marimo, on a notebook of ours
