"""Charts as inline SVG: drawn by pygal, coloured by the page's own style sheet.

A chart holds no style, script, link or id: the page's Content-Security-Policy forbids them. It is
readable in light and dark mode. The same figures give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup
from pygal.style import Style

#: The width in user units: about that of a phone, so that texts keep their size there.
_WIDTH = 380
_ROW = 24
_HEIGHT = 200
_FONT = 12
#: The most bars that a reader can tell apart.
_LABELS = 8
_STYLE = Style(label_font_size=_FONT, major_label_font_size=_FONT, value_font_size=_FONT)
_FRACTION = re.compile(r"-?\d+\.\d+")

#: A label, its value and the class that colours it.
Bar = tuple[str, int, str]


def bars(title: str, rows: Sequence[Bar], told: Callable[[int], str] = "{:,}".format) -> Markup:
    """Return horizontal bars, the first row on top, each with its value beside it as `told`."""
    longest = max((len(told(value)) for _, value, _ in rows), default=0)
    chart = pygal.HorizontalBar(
        **_settings(height=_ROW * len(rows) + 12),
        formatter=told,
        print_values=True,
        print_values_position="top",
        show_x_labels=False,
        margin_right=(longest + 2) * _FONT * 0.65,
        range=(0, max((value for _, value, _ in rows), default=0) or 1),
    )
    upwards = list(reversed(rows))
    chart.x_labels = [label for label, _, _ in upwards]
    chart.add("", [{"value": value, "node": {"class": name}} for _, value, name in upwards])
    return _finished(chart, title, [f"{label}: {told(value)}" for label, value, _ in rows])


def columns(
    title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int], str]]
) -> Markup:
    """Return stacked columns, a label each, of one or more series (name, values, class)."""
    sums = [sum(values) for values in zip(*(values for _, values, _ in series), strict=True)]
    ticks = _ticks(max(sums, default=0))
    chart = pygal.StackedBar(
        **_settings(height=_HEIGHT),
        formatter="{:,.0f}".format,
        y_labels=[{"value": tick, "label": f"{tick:,}"} for tick in ticks],
        range=(0, ticks[-1]),
        show_minor_x_labels=False,
        x_labels_major_every=-(-len(labels) // _LABELS) or 1,
    )
    # a few columns stand at the left and keep their width
    chart.x_labels = [*labels, *[""] * (_LABELS - len(labels))]
    for name, values, _ in series:
        chart.add(name, list(values))
    told = [
        f"{label}: " + ", ".join(f"{values[at]:,} {name}" for name, values, _ in series)
        for at, label in enumerate(labels)
    ]
    return _finished(chart, title, told, [colour for _, _, colour in series])


def _ticks(most: int) -> list[int]:
    """Return the whole numbers to mark on an axis, from 0 up to `most` or a little more."""
    sizes = (digit * 10**power for power in range(20) for digit in (1, 2, 5))
    step = next(size for size in sizes if most <= 4 * size)
    return [step * at for at in range(max(1, -(-most // step)) + 1)]


def _settings(height: int) -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": height,
        "css": [],
        "js": [],
        "style": _STYLE,
        "classes": ("chart",),
        "show_legend": False,
        "margin": 6,
        "spacing": 6,
        "truncate_label": -1,
    }


def _finished(
    chart: Any,  # noqa: ANN401 - pygal has no types
    title: str,
    told: Sequence[str],
    colours: Sequence[str] = (),
) -> Markup:
    """Return a chart as markup, with its title and every figure for those who cannot see it."""
    root = chart.render_tree()
    for parent, child in list(_pairs(root)):
        if _superfluous(child):
            parent.remove(child)
        elif child.get("class") == "bar":
            _explain(child)
    for at, colour in enumerate(colours):
        for node in root.findall(f".//*[@class='series serie-{at} color-{at}']"):
            node.set("class", f"series {colour}")
    _round(root)
    root.attrib.pop("id")
    root.set("role", "img")
    for at, (tag, text) in enumerate((("title", title), ("desc", "; ".join(told)))):
        node = ET.Element(tag)
        node.text = text
        root.insert(at, node)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - serialised, so escaped


def _pairs(root: ET.Element) -> Iterator[tuple[ET.Element, ET.Element]]:
    for parent in root.iter():
        for child in parent:
            yield parent, child


def _superfluous(node: ET.Element) -> bool:
    return node.tag in {ET.Comment, "defs", "title"} or "tooltip-overlay" in node.get("class", "")


def _explain(bar: ET.Element) -> None:
    """Replace what pygal's script would read by a title, which browsers show by themselves."""
    facts = {node.get("class"): node.text or "" for node in bar.findall("desc")}
    for node in bar.findall("desc"):
        bar.remove(node)
    ET.SubElement(bar, "title").text = f"{facts.get('x_label', '')}: {facts['value']}"


def _round(root: ET.Element) -> None:
    """Round coordinates to a tenth: more is invisible, and the last digits differ by machine."""
    for node in root.iter():
        for name, value in node.items():
            node.set(name, _FRACTION.sub(lambda match: f"{float(match[0]):.1f}", value))
