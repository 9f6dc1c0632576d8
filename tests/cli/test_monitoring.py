"""`examples/monitoring/`: the dashboard and the alert rules name what `--metrics` writes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.console import Build
from tests.paths import REPO
from tests.site import REAL, RECORD, Site

MONITORING = REPO / "examples" / "monitoring"
RULES = MONITORING / "pith-etl-rules.yml"
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "pith-etl-dashboard.json").read_text("utf-8"))
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text("utf-8"))["groups"]

_NAME = re.compile(r"\bpith_etl_\w+")


def _expressions() -> dict[str, str]:
    """Return each query with the texts that use its labels, by the rule or panel that has it."""
    found = {
        rule["alert"]: f"{rule['expr']} {rule['annotations']}"
        for group in GROUPS
        for rule in group["rules"]
    }
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            legend = target["legendFormat"].replace("{{", "$labels.")
            found[f"{panel['title']} {target['refId']}"] = f"{target['expr']} {legend}"
    for variable in DASHBOARD["templating"]["list"]:
        found[variable["name"]] = variable["query"]
    return found


@pytest.fixture
def labels(site: Site, build: Build) -> dict[str, set[str]]:
    """Return the labels of each metric that a build writes, by its name."""
    site.put("refused.json", REAL[RECORD][:2000])
    path = site.root / "pith.prom"
    build("--metrics", path)
    # the library has no types
    families = text_string_to_metric_families(path.read_text())  # type: ignore[no-untyped-call]
    return {family.name: {*family.samples[0].labels} for family in families}


def test_every_metric_and_label_is_one_that_a_build_writes(labels: dict[str, set[str]]) -> None:
    """So is each metric in docs/runs.md; only the label `instance` comes from the collector."""
    for place, text in _expressions().items():
        names = set(_NAME.findall(text))
        assert names <= set(labels), place
        known = {"instance"}.union(*(labels[name] for name in names))
        used = re.findall(r"\$labels\.(\w+)|[{,]\s*(\w+)=", text)
        assert {one or other for one, other in used} <= known, place
    page = (REPO / "docs" / "runs.md").read_text("utf-8")
    assert set(_NAME.findall(page)) <= set(labels)


def test_the_dashboard_has_a_query_in_each_panel() -> None:
    """Panels have distinct ids, do not overlap, and read the chosen source."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places: set[tuple[int, int]] = set()
    for panel in panels:
        assert [target["expr"] for target in panel["targets"] if target["expr"]]
        assert panel["datasource"]["uid"] == "${datasource}"
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & places
        assert max(x for x, _ in cells) < 24
        places |= cells


def test_each_rule_says_what_to_do() -> None:
    """A rule has a severity, a summary and a description."""
    for group in GROUPS:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"critical", "warning"}
            assert set(rule["annotations"]) == {"summary", "description"}


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="needs promtool, of Debian's package prometheus",
)
@pytest.mark.parametrize("arguments", [("check", RULES), ("test", "pith-etl-rules-test.yml")])
def test_prometheus_takes_the_rules_and_they_fire(arguments: tuple[str, str | Path]) -> None:
    """Prometheus' own tool reads them, and runs the tests beside them."""
    verb, file = arguments
    ran = subprocess.run(  # noqa: S603 - the files are ours
        [shutil.which("promtool") or "", verb, "rules", file],
        cwd=MONITORING,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
