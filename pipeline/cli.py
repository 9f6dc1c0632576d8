"""The command line: arguments in, messages and exit codes out, nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline.errors import PithEtlError

_WAREHOUSE = click.option(
    "--warehouse",
    default="data/warehouse",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The directory of the tables.",
)
_KEYRING = click.option(
    "--keyring",
    type=click.Path(path_type=Path),
    help="The file of the pinned keys, instead of the registry's key that comes with pith-etl.",
)


def _examples(*lines: str) -> str:
    """Return the end of a command's help; a test parses each line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def _complete_table(_context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Return the tables whose names begin so, for the shell's completion."""
    from pipeline import catalog  # noqa: PLC0415 - `--help` starts faster without it

    return [name for name in catalog.TABLES if name.startswith(start)]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_examples(
        "pith-etl build data/samples",
        'pith-etl sql "select pith_number, title, receipt_status from papers"',
        "pith-etl build --help",
    ),
)
@click.version_option(package_name="pith-etl")
def cli() -> None:
    """Turn directories of Pith documents into verified Parquet tables."""


@cli.command(
    epilog=_examples(
        "pith-etl build data/samples",
        "pith-etl build /srv/pith /srv/more.jsonl.zst --warehouse /srv/tables",
        "pith-etl build /srv/pith --keyring keys.json --progress plain --json",
    )
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_WAREHOUSE
@_KEYRING
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes to stage with.  [default: CPUs]"
)
@click.option(
    "--progress",
    "mode",
    type=click.Choice(["auto", "plain", "none"]),
    default="auto",
    show_default=True,
    help="A bar on a terminal and lines elsewhere, lines, or nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as a JSON object.")
def build(  # noqa: PLR0913, PLR0917 - the options of the command
    sources: tuple[str, ...],
    warehouse: Path,
    keyring: Path | None,
    workers: int | None,
    mode: str,
    as_json: bool,  # noqa: FBT001 - click passes a flag by name
) -> None:
    """Build the tables from directories and files, and publish them.

    Directories are walked; documents are recognised by their content, one a file or, in
    .jsonl and .ndjson files, one a line; .gz, .zst and .bz2 files are unpacked.
    """
    from pipeline import commands  # noqa: PLC0415 - `--help` starts faster without it

    summary = commands.build(sources, warehouse, keyring, workers, mode)
    click.echo(commands.as_json(summary) if as_json else commands.as_text(summary))


@cli.command(
    epilog=_examples(
        'pith-etl sql "select code, count(*) from findings group by code"',
        'pith-etl sql "from papers" --format csv --output papers.csv',
        "pith-etl sql - --warehouse /srv/tables < question.sql",
    )
)
@click.argument("query")
@_WAREHOUSE
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "jsonl", "parquet"]),
    default="table",
    show_default=True,
    help="How to print the result.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to a file instead.")
def sql(query: str, warehouse: Path, form: str, output: Path | None) -> None:
    """Run a query over the published tables; `-` reads it from standard input.

    It only reads, and only the tables.
    """
    from pipeline import commands  # noqa: PLC0415 - `--help` starts faster without it

    if query == "-":
        query = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    commands.sql(query, warehouse, form, output)


@cli.command(epilog=_examples("pith-etl tables", "pith-etl tables papers"))
@click.argument("table", required=False, shell_complete=_complete_table)
@_WAREHOUSE
def tables(table: str | None, warehouse: Path) -> None:
    """List the tables with their rows, or the columns of one with their evidence."""
    from pipeline import commands  # noqa: PLC0415 - `--help` starts faster without it

    commands.tables(table, warehouse, sys.stdout)


@cli.command(
    epilog=_examples(
        "pith-etl verify data/samples", "pith-etl verify document.json --keyring keys.json --json"
    )
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_KEYRING
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as a JSON object.")
def verify(
    paths: tuple[str, ...],
    keyring: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes a flag by name
) -> None:
    """Verify documents, without a warehouse: a verdict on each, and what fails.

    Exits with 0 if all hold and with 3 if any does not.
    """
    from pipeline import verifying  # noqa: PLC0415 - `--help` starts faster without it

    if not verifying.verify(paths, keyring, sys.stdout, as_json=as_json):
        raise click.exceptions.Exit(3)


@cli.command(
    epilog=_examples(
        "pith-etl export --output tables",
        "pith-etl export --table papers --table citations --format csv --output for-excel",
        "pith-etl export --format sqlite --output portable",
    )
)
@click.option(
    "--table",
    "names",
    multiple=True,
    metavar="TABLE",
    shell_complete=_complete_table,
    help="A table to export; may be repeated.  [default: all]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl", "duckdb", "sqlite"]),
    default="parquet",
    show_default=True,
    help="A file a table, or a single database file.",
)
@click.option(
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The directory to make; one that exists must be empty.",
)
@_WAREHOUSE
def export(names: tuple[str, ...], form: str, output: Path, warehouse: Path) -> None:
    """Write published tables into a directory, for other tools.

    parquet, csv and jsonl give one file a table; duckdb and sqlite one file, pith.duckdb or
    pith.sqlite, that holds all data. In CSV a single quote stands before text that a
    spreadsheet would run as a formula; lists are JSON in CSV and SQLite. Times are UTC.
    """
    from pipeline.export import export as run_export  # noqa: PLC0415 - `--help` starts faster

    rows = run_export(warehouse, names, form, output)
    click.echo(f"exported {sum(rows.values()):,} rows of {len(rows)} tables to {output}")


def main() -> None:
    """Run the command line and exit.

    0 done, 1 could not, 2 wrong usage, 3 a document does not hold, 130 interrupted.
    """
    try:
        # without the standalone mode click returns the code of an `Exit`
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except PithEtlError as error:
        click.echo(f"pith-etl: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("pith-etl: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # whoever read our output has seen enough; nothing may write to it again
        sys.stdout = None
        sys.exit(1)
