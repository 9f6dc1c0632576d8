"""The command line: the commands and their arguments; each calls a module that does the work."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, NoReturn

# imported objects stay; collecting garbage every 700 objects only takes time
gc.set_threshold(50_000)

import click
from click.core import ParameterSource

from pipeline.cli import exits
from pipeline.cli.options import (
    FORMAT,
    KEYRING,
    OWN_WAREHOUSE,
    PATH,
    WAREHOUSE,
    Address,
    Share,
    complete_check,
    complete_parameter,
    complete_query,
    complete_relation,
    complete_snapshot,
    complete_table,
    complete_view,
    formats,
)
from pipeline.errors import FINDINGS
from pipeline.formats import ExportFormat, ResultFormat
from pipeline.vocabulary import Severity, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def _examples(*lines: str) -> str:
    """Return the end of a command's help; a test parses each line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_examples(
        "pith-etl quickstart",
        "pith-etl build data/samples",
        'pith-etl sql "select pith_number, title, receipt_status from papers"',
        "pith-etl build --help",
    ),
)
@click.version_option(package_name="pith-etl")
def cli() -> None:
    """Turn directories of Pith documents into verified Parquet tables."""


def _command(*examples: str) -> Callable[[Callable[..., None]], click.Command]:
    """Return the decorator of a command, whose help ends with examples."""
    return cli.command(epilog=_examples(*examples))


@_command(
    "pith-etl build data/samples",
    "pith-etl build /srv/pith /srv/more.jsonl.zst --warehouse /srv/tables",
    "pith-etl build - < dump.tgz",
    "pith-etl build s3://bucket/prefix",
    "pith-etl build /srv/pith --keyring keys.json --progress plain --json",
    "pith-etl build /srv/pith --html /srv/www/report.html",
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@OWN_WAREHOUSE
@KEYRING
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes to stage with.  [default: CPUs]"
)
@click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    help="Let a Dask cluster run the tasks, over shared directories.",
)
@click.option(
    "--progress",
    "mode",
    type=click.Choice(["auto", "plain", "none"]),
    default="auto",
    show_default=True,
    help="Auto shows a bar on a terminal and lines elsewhere; plain, always lines.",
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="How to log."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as a JSON object.")
@click.option("--rescan", is_flag=True, help="Read every file, even one that seems unchanged.")
@click.option(
    "--max-shrink",
    type=Share(0, 100),
    default=10,
    show_default=True,
    metavar="PERCENT",
    help="Publish nothing if more of the last snapshot's documents vanished or fail.",
)
@click.option("--allow-shrink", is_flag=True, help="Publish however much vanished.")
@click.option(
    "--fail-on",
    type=click.Choice([*map(str, Severity), "never"]),
    default="error",
    show_default=True,
    help="Exit with 3 on refused documents or findings of this severity or worse.",
)
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=7,
    show_default=True,
    help="How many snapshots to keep.",
)
@click.option(
    "--publish",
    metavar="URL",
    help="Then publish the snapshot in a bucket, as `pith-etl publish` does, with --keep.",
)
@click.option("--report", type=PATH, help="Write the summary to a file, as JSON.")
@click.option("--metrics", type=PATH, help="Write figures to a file, as OpenMetrics.")
@click.option("--html", type=PATH, help="Write the page that `pith-etl report` writes.")
@click.option(
    "--notify",
    type=Address(),
    envvar="PITH_ETL_NOTIFY",
    show_envvar=True,
    help="Post the summary to an http or https address, as JSON.",
)
def build(
    *,
    max_shrink: float,
    allow_shrink: bool,
    mode: str,
    **options: Any,  # noqa: ANN401 - the fields of nightly.Options
) -> None:
    """Build the tables from directories and files, and publish them.

    A SOURCE is a directory, a file, a quoted pattern such as '/srv/*.tgz', a bucket or a prefix in
    it (s3://, gs://, az://), an https:// file, @FILE with a source a line, or - for standard
    input. Directories are walked. Documents are recognised by their content, one a file or one a
    line, packed (gzip, zstd, bzip2, xz) or not, also in tar and zip archives, of which nothing is
    unpacked to disk. Files that did not change since the last build are not read again.

    Exits with 0 when the tables are published and clean; 3 when they are published with
    refused documents or findings (--fail-on); 1 when nothing was published, or a file that was
    asked for cannot be written; 2 on wrong usage; 130 when interrupted.
    """
    from pipeline.cli import nightly

    shrink = None if allow_shrink else max_shrink
    code = nightly.run(nightly.Options(progress=mode, max_shrink=shrink, **options))
    raise click.exceptions.Exit(code)


@_command("pith-etl quickstart", "pith-etl quickstart /tmp/pith")
@click.argument("directory", default="pith-quickstart", type=PATH, metavar="[DIR]")
@click.pass_context
def quickstart(context: click.Context, directory: Path) -> None:
    """Write the five real documents that come with pith-etl into DIR, and build them.

    DIR is pith-quickstart if none is named. The documents go to DIR/samples, the tables to
    DIR/warehouse; a line tells a query to begin with.
    """
    from pipeline.cli.quickstart import write_samples

    write_samples(directory / "samples")
    sources = (str(directory / "samples"),)
    context.invoke(build, sources=sources, warehouse=directory / "warehouse")


@_command(
    'pith-etl sql "select code, count(*) from findings group by code"',
    'pith-etl sql "from papers" --format csv --output papers.csv',
    "pith-etl sql - --warehouse /srv/tables < question.sql",
    "pith-etl sql --named paper_events --param id=arXiv:1606.06234",
)
@click.argument("query", required=False)
@click.option(
    "--named",
    metavar="NAME",
    shell_complete=complete_query,
    help="Run the worked example of this name; `pith-etl queries` lists them.",
)
@click.option(
    "--param",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=complete_parameter,
    help="The value of the query's $KEY; may be repeated.",
)
@WAREHOUSE
@FORMAT
@click.option("--output", type=PATH, help="Write to a file instead; its suffix tells the format.")
@click.pass_context
def sql(  # noqa: PLR0913, PLR0917 - the options of the command
    context: click.Context,
    query: str | None,
    named: str | None,
    given: tuple[str, ...],
    warehouse: Path,
    form: ResultFormat,
    output: Path | None,
) -> None:
    """Run a query over the published tables; `-` reads it from standard input.

    Without a query, on a terminal, it is `pith-etl shell`.

    It only reads, and only the tables. Values are bound to a query, never pasted into it.
    """
    from pipeline.cli import query_command as commands

    if query is None and named is None and sys.stdin.isatty() and sys.stdout.isatty():
        context.invoke(shell, warehouse=warehouse)
        return
    if (query is None) == (named is None):
        message = "give either a QUERY or --named NAME"
        raise click.UsageError(message)
    values: Mapping[str, object] = {}
    if named is not None or given:
        from pipeline import catalog
        from pipeline.cli import queries

        values = queries.values(given)
    if named is not None:
        query, values = catalog.bound(named, values)
    elif query == "-":
        query = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    if output is not None and context.get_parameter_source("form") is ParameterSource.DEFAULT:
        form = commands.format_of(output)
    commands.sql(query or "", warehouse, form, output, values)


@_command("pith-etl shell", "pith-etl shell --warehouse /srv/tables")
@WAREHOUSE
def shell(warehouse: Path) -> None:
    """Ask query after query at a prompt, with completion and a history.

    A query ends with a semicolon; .help lists the commands, and Ctrl-D leaves. The history is
    kept in ~/.local/state/pith-etl/history.
    """
    from pipeline.cli.shell import run as run_shell

    run_shell(warehouse)


@_command("pith-etl queries", "pith-etl queries most_cited")
@click.argument("name", required=False, shell_complete=complete_query)
def queries(name: str | None) -> None:
    """List the worked examples with their parameters, or print the SQL of one."""
    from pipeline.cli import queries as worked

    worked.write(name, sys.stdout)


@_command(
    "pith-etl search neural networks",
    "pith-etl search distributed training --limit 5 --format json",
)
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="How many papers at most.",
)
@FORMAT
@WAREHOUSE
def search(words: tuple[str, ...], limit: int, form: ResultFormat, warehouse: Path) -> None:
    """Find papers by the words of their titles and abstracts, the best match first.

    A paper must hold all the words, in any form: networks finds network. Papers that a receipt
    vouches for come before all others; found counts those beyond the limit, too. The first
    search after a build makes an index, which takes a while on many papers.
    """
    from pipeline.cli import query_command as commands

    commands.search(" ".join(words), limit, warehouse, form)


@_command(
    "pith-etl show 1512.01274",
    "pith-etl show pith:23I7M26R --json",
    "pith-etl show https://doi.org/10.48550/arXiv.1512.01274 --warehouse /srv/tables",
)
@click.argument("identifier", metavar="ID")
@WAREHOUSE
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of papers.")
def show(identifier: str, warehouse: Path, *, as_json: bool) -> None:
    """Print all that is known of a paper: texts, names, events, citations, verdicts, documents.

    ID is an arXiv id, a DOI, a Pith number or its first 8, 12, 16 or 26 characters, or an
    address of one of them. An arXiv id without a version prints every version, 20 papers at
    most. Each list has 100 rows at most, and its full number. What is proven comes first.
    """
    from pipeline.cli.show import show as run_show
    from pipeline.interrupts import interruptible
    from pipeline.warehouse.reader import Warehouse

    with Warehouse(warehouse) as opened, interruptible(opened.connection):
        run_show(opened, identifier, sys.stdout, as_json=as_json)


@_command(
    "pith-etl cat /srv/pith/record.json",
    "pith-etl cat '/srv/pith/dump.tgz!lines.jsonl' --position 7 > document.json",
)
@click.argument("path", metavar="PATH")
@click.option(
    "--position",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Which of its documents, as in documents.position.",
)
def cat(path: str, position: int) -> None:
    """Print the raw document that a row rests on, unpacked.

    PATH is as in documents.path: a file, or an archive, `!` and a member of it.
    """
    from pipeline.jobs.raw_document import raw_document

    sys.stdout.buffer.write(raw_document(path, position))


@_command("pith-etl inputs", "pith-etl inputs --warehouse /srv/tables")
@WAREHOUSE
def inputs(warehouse: Path) -> None:
    """Account for all that was read: files, documents, and what is refused or skipped, and why.

    The view `inputs` holds the same for every source, archive and file of many documents.
    """
    from pipeline.cli.inputs import inputs as write_inputs
    from pipeline.warehouse.reader import Warehouse

    with Warehouse(warehouse) as opened:
        write_inputs(opened, sys.stdout)


@_command("pith-etl notebook", "pith-etl notebook --warehouse /srv/tables")
@WAREHOUSE
def notebook(warehouse: Path) -> None:
    """Open the worked notebook as an app in the browser, over the published tables.

    It asks in SQL and in polars, plots, follows citations and verifies a signature by hand. It
    needs the extra notebook.
    """
    from pipeline.cli.notebook import run as run_notebook

    run_notebook(warehouse)


@_command(
    "pith-etl ui",
    "pith-etl ui --warehouse /srv/tables --table papers --table findings",
    "pith-etl ui --port 0 --no-browser",
)
@click.option(
    "--table",
    "names",
    multiple=True,
    metavar="TABLE",
    shell_complete=complete_view,
    help="A table or view to copy; may be repeated.  [default: all]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Where to listen; 0 takes any that is free.",
)
@click.option(
    "--browser/--no-browser", default=True, help="Whether to open it.  [default: browser]"
)
@WAREHOUSE
def ui(names: tuple[str, ...], port: int, warehouse: Path, *, browser: bool) -> None:
    """Open the tables and views in a browser, to look through them and ask in SQL, by Datasette.

    Every column stands with its meaning; the worked queries that SQLite can run are listed. It
    only reads, is reached from this machine alone, and asks nothing of any other. The printed
    address opens it once, in one browser; Ctrl-C ends it.

    The rows are copied into a temporary SQLite file (TMPDIR says where), which goes at the end.
    That takes 18 kB and 0.5 ms a bundle: of a large warehouse, name the tables. It needs the
    extra ui.
    """
    from pipeline.cli.ui import run as run_ui

    run_ui(warehouse, names, port, browser=browser)


@_command("pith-etl tables", "pith-etl tables papers", "pith-etl tables resolve")
@click.argument("table", required=False, shell_complete=complete_relation)
@WAREHOUSE
def tables(table: str | None, warehouse: Path) -> None:
    """List the tables with their rows, the views and the macro, or the columns of one of them."""
    from pipeline.cli import query_command as commands

    commands.tables(table, warehouse, sys.stdout)


@_command(
    "pith-etl verify data/samples", "pith-etl verify document.json --keyring keys.json --json"
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@KEYRING
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as a JSON object.")
def verify(paths: tuple[str, ...], keyring: Path | None, *, as_json: bool) -> None:
    """Verify documents, without a warehouse: a verdict on each, and what fails.

    Paths may be all that `build` takes as sources.

    Exits with 0 if all hold and with 3 if any does not.
    """
    from pipeline.cli.verify import write_verdicts

    if not write_verdicts(paths, keyring, sys.stdout, as_json=as_json):
        raise click.exceptions.Exit(FINDINGS)


@_command(
    "pith-etl export --output tables",
    "pith-etl export --table papers --table citations --format csv --output for-excel",
    "pith-etl export --format sqlite --output portable",
    "pith-etl export --format delta --output lake",
)
@click.option(
    "--table",
    "names",
    multiple=True,
    metavar="TABLE",
    shell_complete=complete_view,
    help="A table or view to export; may be repeated.  [default: all tables]",
)
@formats(*words(ExportFormat), help="A file a table, a single database file, or a lake.")
@click.option(
    "--output",
    required=True,
    metavar="DIR",
    type=PATH,
    help="The directory to make; one that exists must be empty.",
)
@WAREHOUSE
def export(names: tuple[str, ...], form: ExportFormat, output: Path, warehouse: Path) -> None:
    """Write published tables into a directory, for other tools.

    parquet, csv and jsonl give one file a table; duckdb and sqlite one file, pith.duckdb or
    pith.sqlite, that holds all data; delta one table of Delta Lake each, in a folder, by the extra
    delta. A view that is named is written as a table of its rows; a
    pith.duckdb of all tables has the views and the macro resolve, too. In CSV a single quote
    stands before text that a spreadsheet would run as a formula; lists are JSON in CSV and
    SQLite. Times are UTC, and the intervals of a view seconds.
    """
    from pipeline.jobs.export import export as run_export

    rows = run_export(warehouse, names, form, output)
    tables = f"{len(rows)} table{'s' * (len(rows) > 1)}"
    click.echo(f"exported {sum(rows.values()):,} rows of {tables} to {output}")


@_command(
    "pith-etl synth 2000 dump",
    "pith-etl synth 100000 dump --layout ndjson --kinds record,bundle --tamper 0.01",
)
@click.argument("papers", type=click.IntRange(1, 3_000_000), metavar="N")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The same seed gives the same bytes; another one gives other papers.",
)
@click.option(
    "--layout",
    type=click.Choice(["files", "ndjson"]),
    default="files",
    show_default=True,
    help="A file a document, 1000 a directory; or a line a document.",
)
@click.option(
    "--kinds",
    default="record,bundle,state",
    show_default=True,
    help="The documents of each paper; there is also integrity.",
)
@click.option(
    "--tamper",
    type=Share(0, 1),
    default=0.0,
    show_default=True,
    metavar="RATE",
    help="The share of the documents to tamper with, at most one of each paper.",
)
@click.option(
    "--events",
    default="2-2",
    show_default=True,
    metavar="MIN-MAX",
    help="How many events a bundle has; with 2, as in real ones, its merge is reproducible.",
)
def synth(  # noqa: PLR0913, PLR0917 - the options of the command
    papers: int,
    directory: Path,
    seed: int,
    layout: str,
    kinds: str,
    tamper: float,
    events: str,
) -> None:
    """Make a synthetic dump of N papers, signed by a test key.

    Each paper has one document of each kind. The dump goes to DIR/documents, the keyring to
    DIR/keyring.json; DIR/tampered.jsonl lists what was tampered with, and the findings it
    must raise.
    """
    from pipeline.synth import command

    click.echo(command.run(papers, directory, seed, layout, kinds, tamper, events))


@_command("pith-etl history", "pith-etl history --warehouse /srv/tables")
@OWN_WAREHOUSE
def history(warehouse: Path) -> None:
    """List the snapshots, the newest first, what changed in each, and the attempts that failed."""
    from pipeline.cli import snapshot_commands

    snapshot_commands.history(warehouse, sys.stdout)


@_command(
    "pith-etl diff 20261120T010000.000000Z current",
    "pith-etl diff 20261120T010000.000000Z current --table papers --format csv",
)
@click.argument("old", shell_complete=complete_snapshot)
@click.argument("new", default="current", shell_complete=complete_snapshot)
@OWN_WAREHOUSE
@click.option("--table", shell_complete=complete_table, help="Show the rows of one table.")
@formats("table", "line", "csv", "json", "jsonl", help="How to print them.")
def diff(old: str, new: str, warehouse: Path, table: str | None, form: ResultFormat) -> None:
    """Count the rows that differ between two snapshots, or show those of one table.

    A changed row is shown as it is in NEW; changed_columns names the columns that differ, and
    `before` holds the row of OLD.
    """
    from pipeline.cli import snapshot_commands

    snapshot_commands.diff(warehouse, old, new, table, form)


@_command("pith-etl rollback", "pith-etl rollback 20261120T010000.000000Z")
@click.argument("snapshot", required=False, shell_complete=complete_snapshot)
@OWN_WAREHOUSE
def rollback(snapshot: str | None, warehouse: Path) -> None:
    """Publish an older snapshot again: the one named, or the one before the published one."""
    from pipeline.jobs import retention

    click.echo(f"published: {retention.rollback(warehouse, snapshot)}")


@_command("pith-etl prune --keep 3")
@click.option("--keep", type=click.IntRange(1), required=True, help="How many snapshots stay.")
@OWN_WAREHOUSE
def prune(keep: int, warehouse: Path) -> None:
    """Delete old snapshots, and staged parts that nothing needs."""
    from pipeline.jobs import retention

    gone = retention.prune(warehouse, keep)
    click.echo("\n".join(["deleted:", *gone]) if gone else "nothing to delete")


@_command("pith-etl publish s3://bucket/tables", "pith-etl publish s3://bucket/tables --keep 7")
@click.argument("url", metavar="URL")
@click.option("--keep", type=click.IntRange(1), help="How many snapshots stay there.")
@OWN_WAREHOUSE
def publish(url: str, keep: int | None, warehouse: Path) -> None:
    """Put the published snapshot into a bucket (s3://, gs://, az://), by the extra cloud.

    Only files that are not there are sent. Readers see this snapshot or the one before, whole.
    """
    from pipeline.jobs import publish as job

    done = job.publish(warehouse, url, keep)
    if not done.replaced:
        click.echo(f"{done.snapshot} is published there already")
        return
    sent = f"{done.sent} of {done.files} files sent, {done.sent_bytes:,} bytes"
    click.echo("\n".join([f"published: {done.snapshot}, {sent}", *done.deleted]))


@_command("pith-etl check", "pith-etl check --files", "pith-etl check --rows document_refused")
@OWN_WAREHOUSE
@click.option("--files", is_flag=True, help="Compare every file with the manifest's SHA-256, too.")
@click.option(
    "--rows",
    metavar="CODE",
    shell_complete=complete_check,
    help="Show the offending rows of one check.",
)
@formats("table", "line", "csv", "json", "jsonl", help="How to print these rows.")
def check(warehouse: Path, rows: str | None, form: ResultFormat, *, files: bool) -> None:
    """Audit the published snapshot again, a line a check.

    Exits with 3 when a file or a key is wrong, or a check of severity error finds something.
    """
    from pipeline.cli import snapshot_commands

    if rows is not None:
        passed = snapshot_commands.check_rows(warehouse, rows, form)
    else:
        passed = snapshot_commands.check(warehouse, sys.stdout, files=files)
    if not passed:
        raise click.exceptions.Exit(FINDINGS)


@_command(
    "pith-etl report",
    "pith-etl report --warehouse /srv/tables --output /srv/www/report.html",
    "pith-etl report --output -",
)
@WAREHOUSE
@click.option(
    "--output",
    default="report.html",
    show_default=True,
    metavar="FILE",
    type=PATH,
    help="The page to write; `-` is standard output.",
)
def report(warehouse: Path, output: Path) -> None:
    """Write one HTML page on the last run: findings, trend, signatures, coverage, papers.

    The page loads nothing from anywhere, and shows what documents hold as plain text.
    """
    from pipeline.report import page

    page.write(warehouse, output)
    if str(output) != "-":
        click.echo(f"written: {output}")


def run() -> int:
    """Run the command line and return its exit code."""
    return exits.run(cli)


def main() -> NoReturn:
    """Run the command line and exit."""
    exits.leave(run())
