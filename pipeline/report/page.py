"""The page itself: figures and charts put into the template.

Strangers wrote the texts on the page. The template escapes every text. Control characters and marks
of direction are made visible, and long texts are cut. The page's Content-Security-Policy allows
only the style and the script whose hashes it names.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline import catalog
from pipeline.engine import engine
from pipeline.errors import PithEtlError, UsageError
from pipeline.outputs import replacing
from pipeline.report import charts, data
from pipeline.report.data import Figures, Row
from pipeline.vocabulary import PAPER_KINDS, ProofLevel, Severity, SignatureStatus
from pipeline.warehouse import attempts
from pipeline.warehouse.attempts import Attempt
from pipeline.warehouse.run_figures import nothing_recognised

_ASSETS = Path(__file__).parent / "assets"
#: The longest text that the page shows, in characters; the tables have it whole.
_LONGEST = 300
#: How many of the attempts that failed the page lists.
_FAILED = 10
#: The longest label of a bar.
_LABEL = 22
#: Bars that a chart of categories, and columns that a chart of years may have.
_BARS = 12
_COLUMNS = 40
#: Days that the charts of runs go back.
_DAYS = 30
_NEW_LINES = "\n\t"

#: The colour of each status of a signature and of each word of proof.
_COLOURS: dict[SignatureStatus | ProofLevel, str] = {
    "valid": "good",
    "signed": "good",
    "receipt": "good",
    "invalid": "error",
    "digest_mismatch": "error",
    "malformed": "error",
    "failed": "error",
}


def write(warehouse: Path, output: Path) -> None:
    """Write the report on a warehouse to a file, or to standard output for `-`.

    Raises:
        WarehouseError: nothing is published.
        UsageError: the file cannot be written.
    """
    page = render(warehouse).encode()
    if str(output) == "-":
        sys.stdout.buffer.write(page)
        return
    try:
        with replacing(output) as stream:
            stream.write(page)
    except OSError as error:
        message = f"cannot write {output}: {error.strerror}"
        raise UsageError(message) from None


def render(warehouse: Path, this: Attempt | None = None) -> str:
    """Return the report on a warehouse: its published snapshot, and the attempts that failed.

    The same snapshot and attempts give the same text. Where the last attempt failed the page says
    so first, and tells it even where no snapshot can be read.

    Args:
        warehouse: the warehouse.
        this: the attempt that ends now, if one does.

    Raises:
        WarehouseError: no attempt failed, and nothing is published.
    """
    made = attempts.kept(warehouse)
    if this and this not in made:
        made.append(this)
    figures = _figures(warehouse, needed=not (made and made[-1].failed))
    environment = Environment(
        loader=FileSystemLoader(_ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": shown,
        "count": lambda number: "—" if number is None else f"{number:,}",
        "change": lambda number: f"{number:+,}" if number else "±0",
        "moment": _moment,
        "size": _size,
        "told": _duration,
        "colour": _colour,
    }
    style, script = _asset("style.css"), _asset("sort.js")
    return environment.get_template("page.html.jinja").render(
        **_shown_of(figures),
        verdict=_verdict(figures, made),
        failed=[attempt for attempt in reversed(made) if attempt.failed][:_FAILED],
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _figures(warehouse: Path, *, needed: bool) -> Figures | None:
    """Read the figures of a warehouse; None if they cannot be read and need not be."""
    try:
        return data.read(warehouse)
    except (PithEtlError, OSError, engine.Error):
        if needed:
            raise
    return None


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _hash(text: str) -> str:
    """Return a source expression of a Content-Security-Policy that allows one text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def shown(value: object, longest: int = _LONGEST) -> str:
    """Return a value as a text to show: control and format characters visible, and not long."""
    text = "—" if value is None else str(value)
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    if character not in _NEW_LINES and unicodedata.category(character) in {"Cc", "Cf", "Cs"}:
        return f"\\u{ord(character):04x}"
    return character


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _duration(seconds: float) -> str:
    """Return a duration as `8.12 s`, `90 s` or `1 h 02 min`."""
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - digits
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _size(count: int | None) -> str:
    size = float(count or 0)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the next unit
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _colour(word: SignatureStatus | ProofLevel) -> str:
    return _COLOURS.get(word, "warning")


def _shown_of(figures: Figures | None) -> dict[str, Any]:
    """Return the values that the page shows of a snapshot; without one there is no `run`."""
    if figures is None:
        return {"run": None}
    return {**figures.rows, **_facts(figures), "charts": _charts(figures)}


def _facts(figures: Figures) -> dict[str, Any]:
    """Return the texts above the sections, and the data beside the findings."""
    run, *earlier = figures.rows["runs"]
    signatures = {row["status"]: row["signatures"] for row in figures.rows["signature_statuses"]}
    examples: dict[str, list[Row]] = {}
    for row in figures.rows["examples"]:
        examples.setdefault(row["code"], []).append(row)
    return {
        "run": run,
        "before": earlier[0] if earlier else None,
        "changes": figures.manifest.changes,
        "seconds": _slowest(figures),
        "signatures_valid": signatures.get("valid", 0),
        # of a digest that nobody can recompute, no signature is valid
        "signatures_all": sum(signatures.values()) - signatures.get("digest_unproven", 0),
        "severities": list(Severity),
        "checks": {check.code: check for check in catalog.checks()},
        "examples_of": examples,
        "kinds": PAPER_KINDS,
        "anchors": _anchors(figures.rows["listed_papers"]),
        **_differences(figures),
    }


def _anchors(papers: list[Row]) -> dict[str, str]:
    """Return the place on the page of each paper that it lists: a stranger made up the number."""
    return {row["pith_number"]: f"paper-{place}" for place, row in enumerate(papers)}


def _differences(figures: Figures) -> dict[str, Any]:
    """Return how the tables and the findings differ from the snapshot before, by the manifests."""
    old, new = figures.before, figures.manifest
    if old is None:
        return {"differences": []}
    codes = {
        code: new.codes.get(code, 0) - old.codes.get(code, 0) for code in new.codes | old.codes
    }
    return {
        "snapshot_before": old.snapshot,
        "differences": [(name, old.rows.get(name, 0), rows) for name, rows in new.rows.items()],
        "codes_changed": sorted((code, change) for code, change in codes.items() if change),
    }


def _slowest(figures: Figures) -> list[tuple[str, float]]:
    """Return the stages of the last run with their seconds, the slowest first."""
    return sorted(figures.manifest.seconds.items(), key=lambda stage: (-stage[1], stage[0]))


def _verdict(figures: Figures | None, made: list[Attempt]) -> tuple[str, str]:
    """Return what the first line of the page says, as `verdict` does."""
    if made and made[-1].failed:
        return "critical", f"Last attempt {made[-1].told}"
    if figures is None:
        return "critical", "No snapshot can be read."
    unseen = nothing_recognised(figures.manifest.changes, figures.manifest.barren)
    return verdict(figures.rows["runs"][0], unseen)


def verdict(run: Row, unseen: Sequence[str] = ()) -> tuple[str, str]:
    """Return whether a run was good: `good`, `error` or `critical`, and one sentence on it.

    Args:
        run: the row of the table `runs`.
        unseen: where it recognised nothing (`nothing_recognised`).
    """
    critical, errors = run["findings_critical"], run["findings_error"]
    if critical:
        return "critical", f"Act now: {_several(critical, 'critical finding')}."
    if errors or run["refused"]:
        refused = f", {_several(run['refused'], 'document')} refused" if run["refused"] else ""
        unseen = [f"{_several(errors, 'error')}{refused}, nothing critical", *unseen]
    if unseen:
        return "error", shown(f"Look into it: {'; '.join(unseen)}.")
    return "good", "All is well: no errors, nothing refused."


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _charts(figures: Figures) -> dict[str, Markup]:
    """Return the charts by name; one without figures is left out."""
    rows = figures.rows
    drawn = {
        **_trend(list(reversed(rows["runs"]))),
        "stages": charts.bars(
            "Seconds by stage",
            [(stage, round(seconds * 1000), "plain") for stage, seconds in _slowest(figures)],
            lambda milliseconds: _duration(milliseconds / 1000),
        ),
    }
    if years := rows["years"][-_COLUMNS:]:
        labels = [str(row["year"]) for row in years]
        papers = [("papers", [row["papers"] for row in years], "plain")]
        drawn["years"] = charts.columns("Papers by year of submission", labels, papers)
    for name, title, bars in (
        ("signatures", "Signatures by status", _bars(rows["signature_statuses"])),
        ("proof", "Papers by proof", _bars(rows["proof"])),
        ("coverage", "Papers by the documents that are here", _coverage(rows["coverage"])),
        ("categories", "Papers by primary category", _categories(rows["categories"])),
    ):
        if bars:
            drawn[name] = charts.bars(title, bars)
    return drawn


def _trend(runs: list[Row]) -> dict[str, Markup]:
    """Return the charts over the runs. Findings of severity info would bury the others."""
    runs = _by_day(runs)
    days = [f"{run['started_at']:%m-%d}" for run in runs]
    severities = [
        (name, [run[f"findings_{name}"] for run in runs], name)
        for name in ("warning", "error", "critical")
    ]
    new = [min(run["staged"], run["documents"]) for run in runs]
    known = [run["documents"] - staged for run, staged in zip(runs, new, strict=True)]
    documents = [("known", known, "plain"), ("new", new, "new")]
    return {
        "runs_findings": charts.columns("Findings by day and severity", days, severities),
        "runs_documents": charts.columns("Documents by day", days, documents),
    }


def _by_day(runs: list[Row]) -> list[Row]:
    """Return the last run of each day up to the newest, at most `_DAYS`; zeros for no run."""
    last = {run["started_at"].date(): run for run in runs}
    newest = max(last)
    first = max(min(last), newest - timedelta(days=_DAYS - 1))
    days = [first + timedelta(days=number) for number in range((newest - first).days + 1)]
    none = {name: 0 for name, value in runs[0].items() if isinstance(value, int)}
    return [last.get(day, {**none, "started_at": day}) for day in days]


def _bars(rows: list[Row]) -> list[charts.Bar]:
    """Return the first two columns of some rows, a status and a number, as bars."""
    pairs = [tuple(row.values())[:2] for row in rows]
    return [(shown(word, _LABEL), number, _colour(word)) for word, number in pairs]


def _coverage(rows: list[Row]) -> list[charts.Bar]:
    return [
        (" + ".join(kind for kind in PAPER_KINDS if row[f"has_{kind}"]), row["papers"], "plain")
        for row in rows
    ]


def _categories(rows: list[Row]) -> list[charts.Bar]:
    leading = [row for row in rows[:_BARS] if row["papers"]]
    return [(shown(row["category"], _LABEL), row["papers"], "plain") for row in leading]
