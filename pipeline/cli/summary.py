"""What a build did, said in three ways: as JSON, as metrics, and as text for a person."""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import catalog
from pipeline.catalog import SEVERITIES
from pipeline.errors import FINDINGS
from pipeline.jobs.runs import Summary
from pipeline.text import safe, safe_json
from pipeline.warehouse.changes import nothing_recognised

#: The version of what `--json` and `--report` write; it grows when a field changes or goes.
REPORT_VERSION = 1

#: A family of metrics: its name, its meaning, and its values by their label.
_Family = tuple[str, str, dict[str, float]]

#: How many codes of findings the text names.
_CODES = 5


def as_json(summary: Summary, code: int) -> str:
    """Return the summary of a build as one JSON object."""
    total = sum(summary.seconds.values())
    facts = {
        "version": REPORT_VERSION,
        "exit_code": code,
        **dataclasses.asdict(summary),
        "total_seconds": round(total, 3),
        "documents_per_second": round(summary.read_documents / total, 1) if total else 0,
    }
    return safe_json(msgspec.json.encode(facts).decode())


def as_metrics(summary: Summary, code: int, success: datetime | None) -> str:
    """Return the same figures as OpenMetrics text (its specification, version 1.0).

    Args:
        summary: of the build; one that failed has no figures, and zeros would look like some.
        code: what it exits with.
        success: when a build before it ended well, if one did.
    """
    now = round(time.time(), 3)
    if code in {0, FINDINGS}:
        success = datetime.fromtimestamp(now, UTC)
    families: list[_Family] = [
        ("last_attempt_timestamp_seconds", "When the build ended.", {"": now}),
        ("finished_timestamp_seconds", "The same, by its older name.", {"": now}),
        ("exit_code", "What the build exited with.", {"": code}),
        ("published", "Whether the build published a snapshot.", {"": int(summary.published)}),
    ]
    if success is not None:
        meaning = "When a build last ended with 0 or 3."
        families.append(("last_success_timestamp_seconds", meaning, {"": success.timestamp()}))
    if summary.snapshot:
        families += _figures(summary)
    lines = []
    for name, meaning, samples in families:
        lines += [f"# TYPE pith_etl_{name} gauge", f"# HELP pith_etl_{name} {meaning}"]
        lines += [f"pith_etl_{name}{label} {value}" for label, value in samples.items()]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _figures(summary: Summary) -> list[_Family]:
    """Return what a build found out, as metrics."""
    changes = msgspec.structs.asdict(summary.changes)
    return [
        ("files", "Directory entries found.", {"": summary.files}),
        ("files_read", "Files that were read.", {"": summary.read}),
        ("read_documents", "Documents in the files that were read.", {"": summary.read_documents}),
        ("read_bytes", "Size of the documents that were read.", {"": summary.bytes}),
        ("staged_documents", "Documents parsed and verified.", {"": summary.staged}),
        ("refused_documents", "Documents refused or unreadable.", {"": summary.refused}),
        ("documents", "Documents by kind.", _labelled("kind", summary.documents)),
        ("documents_by_status", "Documents by status.", _labelled("status", summary.statuses)),
        ("rows", "Rows by table.", _labelled("table", summary.rows)),
        ("findings", "Findings by severity.", _labelled("severity", summary.findings)),
        ("findings_by_code", "Findings by code.", _labelled("code", summary.codes)),
        ("changes", "Documents by change.", _labelled("change", changes)),
        ("stage_seconds", "Wall time by stage.", _labelled("stage", summary.seconds)),
        ("peak_memory_bytes", "Most memory held.", _labelled("process", summary.peak_bytes)),
    ]


def _labelled(label: str, values: dict[str, int] | dict[str, float]) -> dict[str, float]:
    """Return values by their label in OpenMetrics; the words are all our own."""
    return {f'{{{label}="{name}"}}': value for name, value in values.items()}


def as_text(summary: Summary, code: int) -> str:
    """Return the summary of a build for a person, ending with what to try next."""
    return "\n".join([*_text(summary), "", *_next(summary, code)])


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
        yield f"  {name:<14}{count:>12,}"
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
    ranked = sorted(
        codes, key=lambda code: (SEVERITIES.index(severities[code]), -codes[code], code)
    )
    for code in ranked[:_CODES]:
        yield f"  {code:<28}{codes[code]:>12,} {severities[code]}"
    if len(ranked) > _CODES:
        yield f"  and {len(ranked) - _CODES} codes more"


def _next(summary: Summary, code: int) -> Iterator[str]:
    """Yield the commands to try next: they show what let a build exit as it did."""
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
        # the working directory may be gone, which is no reason for a build to fail
        return False
