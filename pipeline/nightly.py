"""The command `build`: one run from its options to its exit code, for people and for timers."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pipeline import exits
from pipeline.build import Order, build
from pipeline.catalog import SEVERITIES
from pipeline.errors import PithEtlError, UsageError, WarehouseError
from pipeline.interrupts import terminable
from pipeline.keyring import load
from pipeline.outputs import is_writable, replacing
from pipeline.progress import log, progress
from pipeline.render import safe, safe_json
from pipeline.resources import default_keyring
from pipeline.runs import Summary

#: The version of what `--json` and `--report` write; it grows when a field changes or goes.
REPORT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line, which documents them."""

    sources: tuple[str, ...]
    warehouse: Path
    keyring: Path | None
    workers: int | None
    progress: str
    log_format: str
    rescan: bool
    max_shrink: float | None
    fail_on: str
    keep: int
    report: Path | None
    metrics: Path | None
    html: Path | None


def run(options: Options) -> tuple[Summary, int]:
    """Build, prune, write page, report and metrics; return the summary and the exit code.

    Raises:
        PithEtlError: nothing was published; the message says why.
        KeyboardInterrupt: interrupted, or terminated by SIGTERM.
        SystemExit: whatever ended the build, where the log is JSON, to which it was written.
    """
    summary = Summary("", str(options.warehouse), options.workers or 0, published=False)
    with _logged(options.log_format):
        for file in (options.report, options.metrics, options.html):
            _check_place(file, options.warehouse)
        try:
            # here, so that what tells of an interrupt below knows it for one
            with terminable():
                with progress(options.progress, options.log_format) as update:
                    summary = build(_order(options), update)
                # before the others, which tell whether it could be written
                _write_page(options)
        except UsageError:
            raise
        except BaseException as error:
            _write_failed(options, summary, error)
            raise
        for notice in summary.notices:
            log(options.log_format, "warning", notice)
        code = exit_code(summary, options.fail_on)
        _write_files(options, summary, code)
    return summary, code


def _write_files(options: Options, summary: Summary, code: int) -> None:
    if options.report:
        _replace(options.report, as_json(summary, code) + "\n")
    if options.metrics:
        _replace(options.metrics, as_metrics(summary, code))


def _write_page(options: Options) -> None:
    if options.html:
        from pipeline.report import page  # noqa: PLC0415 - a build without it needs no template

        _replace(options.html, page.render(options.warehouse))


def _write_failed(options: Options, summary: Summary, error: BaseException) -> None:
    """Let report and metrics tell of a run that failed, as far as they can be written."""
    summary.notices.append(_named(error))
    with suppress(WarehouseError):
        _write_files(options, summary, _code(error))


def _code(error: BaseException) -> int:
    """Return what a build exits with that an error ended."""
    if isinstance(error, KeyboardInterrupt):
        return exits.INTERRUPTED
    return error.exit_code if isinstance(error, PithEtlError) else 1


def _named(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, PithEtlError) else f"{type(error).__name__}: {error}"


def _order(options: Options) -> Order:
    return Order(
        sources=options.sources,
        warehouse=options.warehouse,
        keyring=load(options.keyring or default_keyring()),
        workers=options.workers or len(os.sched_getaffinity(0)),
        rescan=options.rescan,
        max_shrink=options.max_shrink,
        keep=options.keep,
    )


@contextmanager
def _logged(log_format: str) -> Iterator[None]:
    """Write what ends a build to a JSON log as one more line; text is for the command line."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if log_format == "text":
            raise
        # what nobody foresaw is for whoever mends it
        foreseen = isinstance(error, PithEtlError | KeyboardInterrupt)
        facts = {} if foreseen else {"traceback": "".join(traceback.format_exception(error))}
        log(log_format, "error", _named(error), **facts)
        raise SystemExit(_code(error)) from None


def _check_place(file: Path | None, warehouse: Path) -> None:
    """Refuse a file that cannot be written before hours are spent on what belongs into it."""
    if file is None or is_writable(file):
        return
    # the build makes the directory of a new warehouse
    if warehouse.exists() or file.parent.resolve() != warehouse.resolve():
        message = f"{file} cannot be written: {file.parent} must be a directory to write in"
        raise UsageError(message)


def exit_code(summary: Summary, fail_on: str) -> int:
    """Return 0 for a clean snapshot, else `exits.FINDINGS`.

    Args:
        summary: of the build.
        fail_on: the least severity that fails, or `never`, which lets refused ones pass, too.
    """
    if fail_on == "never":
        return 0
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    found = any(summary.findings.get(name) for name in failing)
    return exits.FINDINGS if found or summary.refused else 0


def _replace(path: Path, text: str) -> None:
    """Write a file atomically: a collector never reads half of it."""
    try:
        # it may be that of a new warehouse, which a build that failed did not make
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(text.encode())
    except OSError as error:
        message = f"the snapshot is published, but {path} cannot be written: {error.strerror}"
        raise WarehouseError(message) from None


def as_json(summary: Summary, code: int) -> str:
    """Return the summary of a build as one JSON object."""
    total = sum(summary.seconds.values())
    facts = {
        "version": REPORT_VERSION,
        "exit_code": code,
        **dataclasses.asdict(summary),
        "changes": msgspec.structs.asdict(summary.changes),
        "total_seconds": round(total, 3),
        "documents_per_second": round(sum(summary.documents.values()) / total, 1) if total else 0,
    }
    return safe_json(msgspec.json.encode(facts).decode())


def as_metrics(summary: Summary, code: int) -> str:
    """Return the same figures as OpenMetrics text (its specification, version 1.0)."""
    families: list[tuple[str, str, dict[str, float]]] = [
        ("finished_timestamp_seconds", "When the build ended.", {"": round(time.time(), 3)}),
        ("exit_code", "What the build exited with.", {"": code}),
        ("published", "Whether the build published a snapshot.", {"": int(summary.published)}),
        ("files", "Directory entries found.", {"": summary.files}),
        ("files_read", "Files that were read.", {"": summary.read}),
        ("read_bytes", "Size of the documents that were read.", {"": summary.bytes}),
        ("staged_documents", "Documents parsed and verified.", {"": summary.staged}),
        ("refused_documents", "Documents refused or unreadable.", {"": summary.refused}),
        ("documents", "Documents by kind.", _labelled("kind", summary.documents)),
        ("rows", "Rows by table.", _labelled("table", summary.rows)),
        ("findings", "Findings by severity.", _labelled("severity", summary.findings)),
        ("findings_by_code", "Findings by code.", _labelled("code", summary.codes)),
        ("changes", "Documents by change.", _labelled("change", _changes(summary))),
        ("stage_seconds", "Wall time by stage.", _labelled("stage", summary.seconds)),
        ("peak_memory_bytes", "Most memory held.", _labelled("process", summary.peak_bytes)),
    ]
    if not summary.snapshot:
        # it failed: there is nothing else to tell, and zeros would look like figures
        families = families[:3]
    lines = []
    for name, meaning, samples in families:
        lines += [f"# TYPE pith_etl_{name} gauge", f"# HELP pith_etl_{name} {meaning}"]
        lines += [f"pith_etl_{name}{label} {value}" for label, value in samples.items()]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _changes(summary: Summary) -> dict[str, int]:
    return msgspec.structs.asdict(summary.changes)


def _labelled(label: str, values: dict[str, int] | dict[str, float]) -> dict[str, float]:
    """Return values by their label in OpenMetrics; the words are all our own."""
    return {f'{{{label}="{name}"}}': value for name, value in values.items()}


def as_text(summary: Summary) -> str:
    """Return the summary of a build for a person, ending with what to try next."""
    return "\n".join(_text(summary))


def _text(summary: Summary) -> Iterator[str]:
    documents = sum(summary.documents.values())
    times = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in summary.seconds.items())
    yield f"{documents:,} documents in {summary.files:,} files: {_counts(summary.documents)}"
    yield f"{summary.read:,} files read, {summary.staged:,} documents parsed and verified"
    if summary.extra_fields:
        yield f"{summary.extra_fields:,} fields without a column, kept in documents.extra"
    yield "rows:"
    for name, count in summary.rows.items():
        yield f"  {name:<14}{count:>12,}"
    yield f"findings: {_counts(summary.findings)}"
    yield f"time: {sum(summary.seconds.values()):.2f} s ({times})"
    where = f"{safe(summary.warehouse)}/snapshots/{summary.snapshot}"
    yield f"published: {where}" if summary.published else f"nothing changed since {where}"
    yield ""
    query = "select pith_number, title, receipt_status, title_status from papers limit 5"
    option = (
        ""
        if summary.warehouse == "data/warehouse"
        else f" --warehouse {shlex.quote(summary.warehouse)}"
    )
    command = ".venv/bin/pith-etl" if _in_checkout() else "pith-etl"
    yield f'try: {command} sql "{query}"{safe(option)}'


def _counts(values: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in values.items()) or "none"


def _in_checkout() -> bool:
    """Tell whether the command was started by its path in a checkout's environment."""
    return Path(sys.argv[0]).resolve() == Path(".venv/bin/pith-etl").resolve()
