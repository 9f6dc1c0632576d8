"""`pith-etl notebook`: the worked notebook as an app in the browser, by marimo."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from pipeline.errors import PithEtlError
from pipeline.resources import notebook
from pipeline.warehouse import snapshot


def require(extra: str, module: str) -> None:
    """Raise an error unless a module is installed that comes with an extra of pith-etl.

    Raises:
        PithEtlError: it is not; the message names the extra.
    """
    if find_spec(module) is None:
        message = f"{module} is missing; install the extra: pipx install 'pith-etl[{extra}]'"
        raise PithEtlError(message)


def run(warehouse: Path) -> NoReturn:
    """Become marimo, which serves the notebook over a warehouse to this machine alone.

    Raises:
        PithEtlError: marimo is not installed, or nothing is published.
    """
    require("notebook", "marimo")
    snapshot.current(warehouse)
    os.environ["PITH_ETL_WAREHOUSE"] = str(warehouse.absolute())
    command = [sys.executable, "-m", "marimo", "run", "--include-code", str(notebook())]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - marimo, on a notebook of ours
