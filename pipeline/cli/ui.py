"""`pith-etl ui`: the tables in a browser, by Datasette over an SQLite copy of them."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import tempfile
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import dropwhile
from pathlib import Path
from typing import Any

import click
import rich

from pipeline import catalog
from pipeline.errors import UsageError
from pipeline.extras import import_extra
from pipeline.jobs.export import DATABASE, export
from pipeline.warehouse import snapshot

#: Nobody but this machine reaches it.
HOST = "127.0.0.1"

#: A query may take longer, and a cell on a page show less, than by Datasette's own limits.
_SETTINGS = {"sql_time_limit_ms": 20_000, "truncate_cells_html": 300}

#: What is added to Datasette's pages.
_PAGES = Path(__file__).parent / "ui_pages"


def run(warehouse: Path, names: Sequence[str], port: int, *, browser: bool) -> None:
    """Copy tables and views into a temporary SQLite file and serve it until a signal comes.

    Only a browser that opened the printed address, which holds a secret, sees anything. The copy
    goes with the command.

    Args:
        warehouse: where a snapshot is published.
        names: the tables and views; none means all.
        port: where to listen; 0 means any that is free.
        browser: whether to open the address in a browser.

    Raises:
        UsageError: Datasette is not installed, the port is taken, or a table is not known.
        WarehouseError: nothing is published, or it cannot be copied.
    """
    datasette = import_extra("datasette.app", "ui", "pith-etl ui")
    uvicorn = import_extra("uvicorn", "ui", "pith-etl ui")
    # Datasette prints what led to each query that it refuses
    rich.reconfigure(quiet=True)
    with _hung_up(), _listening(port) as listener, _copied(warehouse, names) as file:
        app = datasette.Datasette(
            immutables=[str(file)],
            metadata=metadata(warehouse, file),
            settings=_SETTINGS,
            template_dir=str(_PAGES / "templates"),
            static_mounts=[("pages", str(_PAGES / "static"))],
        )
        config = uvicorn.Config(
            app.app(), lifespan="on", log_level="warning", timeout_graceful_shutdown=2
        )
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        url = f"{address}/-/auth-token?token={app._root_token}"  # noqa: SLF001 - as its command line does
        # Ctrl-C is how this command ends
        with suppress(KeyboardInterrupt):
            click.echo(f"{url}\nIt opens once, in one browser. Ctrl-C ends it.")
            if browser:
                # a browser in the terminal returns when it is left
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
            uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _hung_up() -> Iterator[None]:
    """Let the end of the terminal end the command as SIGTERM does: its copy may be large."""
    before = signal.getsignal(signal.SIGHUP)
    # nohup has it ignored
    if before == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens: whoever connects before the server runs, waits for it."""
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        message = f"cannot listen on port {port}: {reason}; name another by --port"
        raise UsageError(message) from None
    with listener:
        yield listener


@contextmanager
def _copied(warehouse: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield a private SQLite file of tables and views; it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="pith-etl-ui-") as directory:
        output = Path(directory) / "copy"
        rows = export(warehouse, names or list(catalog.relations()), "sqlite", output)
        file = output / f"{DATABASE}.sqlite"
        megabytes = file.stat().st_size / 1e6
        click.echo(f"copied {sum(rows.values()):,} rows into {megabytes:,.1f} MB below {directory}")
        yield file


def metadata(warehouse: Path, file: Path) -> dict[str, Any]:
    """Return what Datasette shows beside the tables: meanings and worked queries.

    Args:
        warehouse: whose tables they are.
        file: the SQLite file that holds them.
    """
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        held = {name for (name,) in database.execute("select name from sqlite_schema")}
        left_out = _left_out(database)
    described = {name: table for name, table in catalog.relations().items() if name in held}
    queries = catalog.queries()
    listed = ", ".join(f"{name} ({reason})" for name, reason in left_out.items())
    return {
        "title": "pith-etl",
        "description": f"Snapshot {snapshot.current(warehouse).name} of {warehouse}, read-only.",
        # the root is who opened the printed address
        "allow": {"id": "root"},
        "extra_css_urls": ["/pages/pages.css"],
        "extra_js_urls": ["/pages/pages.js"],
        "databases": {
            # Datasette's list of the tables
            "_internal": {"allow": False},
            DATABASE: {
                "description": "The tables and the views, whose rows are copied. Times are UTC; "
                "lists are JSON. `pith-etl sql --named NAME` runs the worked queries that are not "
                f"below: {listed}.",
                "tables": {name: _described(table) for name, table in described.items()},
                "queries": {
                    name: _canned(query) for name, query in queries.items() if name not in left_out
                },
            },
        },
    }


def _left_out(database: sqlite3.Connection) -> dict[str, str]:
    """Return the worked queries that the file cannot answer, each with the reason."""
    found = {}
    for name, query in catalog.queries().items():
        reason = query.only_duckdb
        if reason is None:
            values = {parameter.name: parameter.default for parameter in query.parameters}
            try:
                database.execute(f"explain {query.sql}", values)
            except sqlite3.Error as error:
                # a table that was not asked for, or an old SQLite
                reason = str(error)
        if reason is not None:
            found[name] = reason
    return found


def _described(table: catalog.Table) -> dict[str, Any]:
    kind = "View" if table.is_view else "Table"
    return {
        "description": f"{kind}: {table.meaning} One row for each {', '.join(table.key)}.",
        "columns": {
            column.name: f"{column.meaning} Evidence: {column.evidence}."
            for column in table.columns
        },
    }


def _canned(query: catalog.Query) -> dict[str, Any]:
    """Return a worked query as Datasette takes it; an empty field has the default."""
    defaults = {parameter.name: parameter.default for parameter in query.parameters}

    def named(found: re.Match[str]) -> str:
        name = found[1]
        default = defaults[name]
        return f"coalesce(nullif(:{name}, ''), '{default}')" if default else f":{name}"

    # the header is shown as title and description
    body = dropwhile(lambda line: line.startswith("--"), query.sql.splitlines(keepends=True))
    meanings = [
        f"{parameter.name} (default {parameter.default or 'empty'}): {parameter.meaning}."
        for parameter in query.parameters
    ]
    return {
        "title": query.question,
        "description": " ".join(meanings),
        "params": list(defaults),
        "hide_sql": True,
        "sql": re.sub(r"\$([a-z_]+)", named, "".join(body)),
    }
