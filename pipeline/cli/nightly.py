"""The command `build`: one run from its options to its exit code, for people and for timers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from pipeline.cli.logs import LOG, logged
from pipeline.cli.progress import progress
from pipeline.cli.summary import as_json, as_metrics, as_text
from pipeline.documents.keyring import load
from pipeline.errors import FINDINGS, INTERRUPTED, PithEtlError, UsageError, WarehouseError
from pipeline.interrupts import terminable
from pipeline.jobs.build import BuildConfig, build
from pipeline.jobs.runs import Summary
from pipeline.outputs import is_writable, replacing
from pipeline.resources import default_keyring
from pipeline.vocabulary import Severity
from pipeline.warehouse import attempts
from pipeline.warehouse.attempts import Attempt
from pipeline.warehouse.run_figures import nothing_recognised


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line, which documents them."""

    sources: tuple[str, ...]
    warehouse: Path
    keyring: Path | None
    workers: int | None
    scheduler: str | None
    progress: str
    log_format: str
    rescan: bool
    max_shrink: float | None
    fail_on: str
    keep: int
    publish: str | None
    report: Path | None
    metrics: Path | None
    html: Path | None
    notify: str | None
    as_json: bool


@dataclass(slots=True)
class _Night:
    """What is known of a run so far."""

    summary: Summary


def run(options: Options) -> int:
    """Build, prune, write page, report and metrics, print and post the summary.

    Returns:
        The exit code.

    Raises:
        PithEtlError: nothing was published, or not all could be written; the message says which.
        KeyboardInterrupt: interrupted, or terminated by SIGTERM.
        SystemExit: the build failed, and the JSON log holds the error.
    """
    none = Summary(snapshot="", warehouse=str(options.warehouse), workers=options.workers or 0)
    night = _Night(none)
    with logged(options.log_format), _told(options.log_format):
        try:
            attempt = attempts.ended(_run(options, night))
        except BaseException as error:
            attempt = attempts.ended(_code(error), _named(error))
            attempts.keep(options.warehouse, attempt)
            # what ended the run is told, and not that its page cannot be written either
            _write_page(options, attempt)
            _notify(options, _failed(night.summary, error), attempt.exit_code)
            raise
        attempts.keep(options.warehouse, attempt)
        _notify(options, night.summary, attempt.exit_code)
    return attempt.exit_code


def _run(options: Options, night: _Night) -> int:
    """Do what `run` does, but for what tells of an attempt when it has ended."""
    for file in (options.report, options.metrics, options.html):
        _check_place(file, options.warehouse)
    try:
        # set here, so that the handlers below see an interrupt as one
        with terminable():
            with progress(options.progress, options.log_format) as update:
                night.summary = build(_config(options), update)
            _publish(options)
            code = exit_code(night.summary, options.fail_on)
            # the page comes first: the report and the metrics say whether it could be written
            _hold_written(_write_page(options, attempts.ended(code)))
    except UsageError:
        raise
    except BaseException as error:
        # what ended the run is told, and not that its files cannot be written either
        _write_files(options, _failed(night.summary, error), _code(error))
        raise
    summary = night.summary
    for notice in summary.notices:
        LOG.warning("%s", notice)
    _hold_written(_write_files(options, summary, code))
    _hold_written(_print(as_json(summary, code) if options.as_json else as_text(summary, code)))
    return code


def _publish(options: Options) -> None:
    """Put the snapshot in a bucket, if it is asked for.

    Raises:
        PithEtlError: it cannot be put there.
    """
    if options.publish is not None:
        from pipeline.jobs.publish import publish  # noqa: PLC0415 - most nights need no bucket

        publish(options.warehouse, options.publish, options.keep)


def _failed(summary: Summary, error: BaseException) -> Summary:
    """Return the summary of a run that an error ended."""
    return msgspec.structs.replace(summary, notices=[*summary.notices, _named(error)])


def _notify(options: Options, summary: Summary, code: int) -> None:
    """Post the summary, if it is asked for; that it cannot be posted is a warning alone."""
    if options.notify is None:
        return
    from pipeline.cli import notify  # noqa: PLC0415 - a build without it needs no network

    reason = notify.post(options.notify, as_json(summary, code))
    if reason:
        LOG.warning("%s", reason)


def _write_page(options: Options, attempt: Attempt) -> list[str]:
    """Write the page, if it is asked for; return why it cannot be written, if it cannot."""
    if options.html is None:
        return []
    from pipeline.report import page  # noqa: PLC0415 - a build without it needs no template

    return _replace(options.html, page.render(options.warehouse, attempt))


def _write_files(options: Options, summary: Summary, code: int) -> list[str]:
    """Write the report, then the metrics, which say whether the report could be written.

    Returns:
        Which of them cannot be written, and why.
    """
    failed = _replace(options.report, as_json(summary, code) + "\n")
    if failed and code != INTERRUPTED:
        code = 1
    success = attempts.last_success(options.warehouse)
    return failed + _replace(options.metrics, as_metrics(summary, code, success))


def _replace(file: Path | None, text: str) -> list[str]:
    """Write a file, if it is asked for, atomically: a collector never reads half of it.

    Returns:
        Why it cannot be written, if it cannot.
    """
    if file is None:
        return []
    try:
        # a failed build may not have made the directory of a new warehouse
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            stream.write(text.encode())
    except OSError as error:
        return [f"{file} cannot be written: {error.strerror}"]
    return []


def _print(text: str) -> list[str]:
    """Print a text; return why it cannot be printed, if it cannot."""
    try:
        click.echo(text)
    except OSError as error:
        return [f"standard output cannot be written: {error.strerror}"]
    return []


def _hold_written(failed: list[str]) -> None:
    """Raise if a build published its snapshot but could not do the rest.

    Raises:
        WarehouseError: a file cannot be written.
    """
    if failed:
        message = f"the snapshot is published, but {'; '.join(failed)}"
        raise WarehouseError(message)


def _code(error: BaseException) -> int:
    """Return the exit code of a build that an error ended."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return error.exit_code if isinstance(error, PithEtlError) else 1


def _named(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, PithEtlError) else f"{type(error).__name__}: {error}"


def _config(options: Options) -> BuildConfig:
    return BuildConfig(
        sources=options.sources,
        warehouse=options.warehouse,
        keyring=load(options.keyring or default_keyring()),
        workers=options.workers or len(os.sched_getaffinity(0)),
        rescan=options.rescan,
        max_shrink=options.max_shrink,
        keep=options.keep,
        scheduler=options.scheduler,
    )


@contextmanager
def _told(log_format: str) -> Iterator[None]:
    """Write the error that ends a build to a JSON log; the command line prints it otherwise."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if log_format == "text":
            raise
        # an unexpected error is a defect: a developer needs the traceback
        foreseen = isinstance(error, PithEtlError | KeyboardInterrupt)
        LOG.error("%s", _named(error), exc_info=None if foreseen else error)
        raise SystemExit(_code(error)) from None


def _check_place(file: Path | None, warehouse: Path) -> None:
    """Refuse an output file that cannot be written, before the build takes hours."""
    if file is None or is_writable(file):
        return
    # the build makes the directory of a new warehouse
    if warehouse.exists() or file.parent.resolve() != warehouse.resolve():
        message = f"{file} cannot be written: {file.parent} must be a directory to write in"
        raise UsageError(message)


def exit_code(summary: Summary, fail_on: str) -> int:
    """Return 0 for a clean snapshot in which documents were recognised, else `FINDINGS`.

    Args:
        summary: of the build.
        fail_on: the least severity that fails, or `never`; refused documents pass then, too.
    """
    if fail_on == "never":
        return 0
    least = Severity(fail_on)
    found = any(summary.findings.get(name) for name in Severity if name.at_least(least))
    unseen = nothing_recognised(summary.changes, summary.barren)
    return FINDINGS if found or summary.refused or unseen else 0
