"""The summary of a build in three forms: JSON, metrics, and text for a person."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import catalog
from pipeline.cli.inputs import accounted
from pipeline.errors import FINDINGS
from pipeline.jobs.runs import Summary
from pipeline.text import safe, safe_json
from pipeline.warehouse.run_figures import nothing_recognised

#: The version of the JSON of `--json` and `--report`. It grows when a field changes or goes.
REPORT_VERSION = 1

#: How many codes of findings the text names.
_CODES = 5


def as_json(summary: Summary, code: int) -> str:
    """Return the summary of a build as one JSON object."""
    total = sum(summary.seconds.values())
    facts = {
        "version": REPORT_VERSION,
        "exit_code": code,
        **msgspec.structs.asdict(summary),
        "total_seconds": round(total, 3),
        "documents_per_second": round(summary.read_documents / total, 1) if total else 0,
    }
    return safe_json(msgspec.json.encode(facts).decode())


def as_metrics(summary: Summary, code: int, success: datetime | None) -> str:
    """Return the same figures as OpenMetrics text (its specification, version 1.0).

    Args:
        summary: of the build. A failed build has no figures: zeros would look like results.
        code: what it exits with.
        success: when a build before it ended well, if one did.
    """
    # the import takes 0.1 s, and only metrics need it
    from prometheus_client import CollectorRegistry, Gauge  # noqa: PLC0415
    from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415

    now = round(time.time(), 3)
    if code in {0, FINDINGS}:
        success = datetime.fromtimestamp(now, UTC)
    registry = CollectorRegistry()
    for name, meaning, value in _of_attempt(summary, code, now, success):
        Gauge(f"pith_etl_{name}", meaning, registry=registry).set(value)
    for name, meaning, label, values in _of_snapshot(summary):
        gauge = Gauge(f"pith_etl_{name}", meaning, [label], registry=registry)
        for key, number in values.items():
            gauge.labels(key).set(number)
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library has none
    return text.decode()


def _of_attempt(
    summary: Summary, code: int, now: float, success: datetime | None
) -> Iterator[tuple[str, str, float]]:
    """Yield the name, the meaning and the value of each figure that has no label."""
    yield "last_attempt_timestamp_seconds", "When the build ended.", now
    yield "exit_code", "What the build exited with.", code
    yield "published", "Whether the build published a snapshot.", summary.published
    if success is not None:
        yield (
            "last_success_timestamp_seconds",
            "When a build last ended with 0 or 3.",
            success.timestamp(),
        )
    if summary.snapshot:
        yield "files", "Directory entries found.", summary.files
        yield "files_read", "Files that were read.", summary.read
        yield "read_documents", "Documents in the files that were read.", summary.read_documents
        yield "read_bytes", "Size of the documents that were read.", summary.bytes
        yield "staged_documents", "Documents parsed and verified.", summary.staged
        yield "refused_documents", "Documents refused or unreadable.", summary.refused


def _of_snapshot(
    summary: Summary,
) -> Iterator[tuple[str, str, str, Mapping[str, float]]]:
    """Yield the name, the meaning, the label and the values of each figure that has one."""
    if not summary.snapshot:
        return
    yield "documents", "Documents by kind.", "kind", summary.documents
    yield "documents_by_status", "Documents by status.", "status", summary.statuses
    yield "rows", "Rows by table.", "table", summary.rows
    yield "findings", "Findings by severity.", "severity", summary.findings
    yield "findings_by_code", "Findings by code.", "code", summary.codes
    changes = msgspec.structs.asdict(summary.changes)
    yield "changes", "Documents by change.", "change", changes
    yield "stage_seconds", "Wall time by stage.", "stage", summary.seconds
    yield "peak_memory_bytes", "Most memory held.", "process", summary.peak_bytes


def as_text(summary: Summary, code: int) -> str:
    """Return the summary of a build for a person: what to try next, and last what was read."""
    last = accounted(summary.input_files, summary.statuses)
    return "\n".join([*_text(summary), "", *_next(summary, code), "", last])


def _text(summary: Summary) -> Iterator[str]:
    documents = sum(summary.documents.values())
    times = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in summary.seconds.items())
    yield f"{documents:,} documents in {summary.files:,} files: {_counts(summary.documents)}"
    yield from map(safe, nothing_recognised(summary.changes, summary.barren))
    yield f"{summary.read:,} files read, {summary.staged:,} documents parsed and verified"
    if summary.extra_fields:
        yield f"{summary.extra_fields:,} fields without a column, kept in documents.extra"
    yield "rows:"
    for name, count in summary.rows.items():
        yield f"  {name:<20}{count:>12,}"
    if set(summary.statuses) - {"ok"}:
        yield f"documents by status: {_counts(summary.statuses)}"
    yield f"findings: {_counts(summary.findings)}"
    yield from _worst(summary.codes)
    yield f"time: {sum(summary.seconds.values()):.2f} s ({times})"
    where = f"{safe(summary.warehouse)}/snapshots/{summary.snapshot}"
    yield f"published: {where}" if summary.published else f"nothing changed since {where}"


def _worst(codes: dict[str, int]) -> Iterator[str]:
    """Yield the codes of the worst findings with their number, those of most findings first."""
    severities = {check.code: check.severity for check in catalog.checks()}
    ranked = sorted(codes, key=lambda code: (severities[code].rank, -codes[code], code))
    for code in ranked[:_CODES]:
        yield f"  {code:<28}{codes[code]:>12,} {severities[code]}"
    if len(ranked) > _CODES:
        yield f"  and {len(ranked) - _CODES} codes more"


def _next(summary: Summary, code: int) -> Iterator[str]:
    """Yield the commands to try next: they show the reason for the exit code."""
    option = (
        ""
        if summary.warehouse == "data/warehouse"
        else f" --warehouse {shlex.quote(summary.warehouse)}"
    )
    command = ".venv/bin/pith-etl" if _in_checkout() else "pith-etl"
    queries = ['"select pith_number, title, receipt_status, title_status from papers limit 5"']
    if code == FINDINGS:
        queries = ["--named worst_findings"]
        if summary.refused:
            queries.append("--named refused_documents")
        if nothing_recognised(summary.changes, summary.barren):
            queries.append('"select status, reason, count(*) from documents group by all"')
    for query in queries:
        yield f"try: {command} sql {query}{safe(option)}"


def _counts(values: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in values.items()) or "none"


def _in_checkout() -> bool:
    """Tell whether the command was started by its path in a checkout's environment."""
    try:
        return Path(sys.argv[0]).resolve() == Path(".venv/bin/pith-etl").resolve()
    except OSError:
        # the working directory may be gone; the build must not fail for that
        return False
