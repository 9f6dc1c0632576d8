"""Each JSON path of the samples has its place in the tables.

`tests.places` says which.
"""

from __future__ import annotations

import copy
import hashlib
import json
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalog import table
from pipeline.documents.convert import child_shape
from pipeline.documents.keyring import load
from pipeline.documents.read import Document, read
from pipeline.documents.shapes import PAYLOADS, Shape, Unseen
from pipeline.resources import default_keyring
from pipeline.stage.stage import stage
from tests.building import rows
from tests.paths import SAMPLES
from tests.places import MERGED, NO_ROWS, PLACES, REPEATED, UNSEEN

# -- the samples, leaf by leaf ----------------------------------------------------------------


def _leaves(value: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    """Yield (pointer, value) of what holds no object: plain values, lists of them, empty ones."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{pointer}/{name}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{pointer}/{index}")
    else:
        yield pointer, value


def _path(pointer: str) -> str:
    return "/".join("*" if token.isdigit() else token for token in pointer.split("/"))


def _samples() -> list[Document]:
    return [read(path.read_bytes()) for path in sorted(SAMPLES.iterdir())]


def _paths(kind: str) -> set[str]:
    return {
        _path(pointer)
        for document in _samples()
        if document.kind == kind
        for pointer, _ in _leaves(document.tree)
    }


@pytest.mark.parametrize("kind", PLACES)
def test_every_path_of_the_samples_has_a_place(kind: str) -> None:
    """Each path in the real documents is listed here, and nothing is listed that is not there."""
    assert _paths(kind) == set(PLACES[kind])


def _declared(shape: type[Shape], pointer: str = "") -> Iterator[tuple[str, object]]:
    """Yield (path, type) of every field that the flattener reads, as `shapes` declares it."""
    for name, hint in typing.get_type_hints(shape, include_extras=True).items():
        child, place = child_shape(hint), f"{pointer}/{name}"
        if name == "payload":
            for payload in PAYLOADS.values():
                yield from _declared(payload, place)
        elif child is None:
            yield place, hint
        else:
            many = "list[" in str(hint)
            if many:
                yield place, hint
            yield from _declared(child, f"{place}/*" if many else place)


@pytest.mark.parametrize("document", _samples(), ids=lambda document: document.kind)
def test_the_shapes_declare_every_path_of_the_samples(document: Document) -> None:
    """The declared shapes know every field of the real documents: none of them is extra."""
    assert document.extra == {}
    places = PLACES[document.kind]
    declared = dict(_declared(type(document.shape)))
    free = {path for path, hint in declared.items() if hint is Any or hint == Unseen}
    unknown = {
        path
        for path in places
        if path not in declared and not any(path.startswith(f"{parent}/") for parent in free)
    }
    assert unknown == set()


@pytest.mark.parametrize("kind", PLACES)
def test_what_is_called_unseen_is_declared_so(kind: str) -> None:
    """The paths that are listed as unseen are those whose declared type is `Unseen`."""
    document = next(document for document in _samples() if document.kind == kind)
    declared = dict(_declared(type(document.shape)))
    places = PLACES[kind]
    unseen = {path for path, hint in declared.items() if hint == Unseen and path in places}
    # the payloads of events are kept whole, and an embedded state is proven by the merge
    elsewhere = {path for path in unseen if places[path] == (MERGED,) or ":" in places[path][0]}
    assert {path for path in places if UNSEEN in places[path]} == unseen - elsewhere


# -- their values -----------------------------------------------------------------------------


def _column_type(place: str) -> str:
    name, column = place.split(".")
    return next(found.type for found in table(name).columns if found.name == column)


def _values(warehouse: Path, document: Document, column: str) -> list[object]:
    name, _, field = column.partition(".")
    number = {"citations": "cited_pith_number", "keys": None}.get(name, "pith_number")
    where = f" where {number} = '{document.pith_number}'" if number else ""
    return [row[0] for row in rows(warehouse, f"select {field} from {name}{where}")]  # noqa: S608 - names of ours


def _at(value: object, tokens: list[str]) -> Iterator[object]:
    """Yield what stands at a path, of which a token may be `*`."""
    if not tokens:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _at(item, tokens[1:])
    elif isinstance(value, dict) and tokens[0] in value:
        yield from _at(value[tokens[0]], tokens[1:])


def _held(warehouse: Path, document: Document, path: str, place: str) -> list[object]:
    """Return the values that a column has for a path, as JSON has them."""
    column, _, prefix = place.partition(":")
    values = _values(warehouse, document, column)
    if prefix:
        below = path.removeprefix(prefix.rstrip("/") + "/").split("/")
        return [found for v in values for found in _at(json.loads(str(v)), below)]
    if _column_type(column) == "TIMESTAMP":
        return [v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in values]
    if column in ("events.supersedes", "states.equivocations", "states.invalid_events"):
        return [json.loads(str(v)) for v in values]
    return values


@pytest.mark.parametrize("document", _samples(), ids=lambda d: d.shape.pith_number)
def test_every_value_of_the_samples_is_in_its_columns(
    samples_warehouse: Path, document: Document
) -> None:
    """Each value of a real document is found in every column that is listed for its path."""
    lost = []
    for pointer, value in _leaves(document.tree):
        path = _path(pointer)
        for place in PLACES[document.kind][path]:
            if "." not in place:
                continue
            timed = isinstance(value, str) and ":" not in place
            is_time = timed and _column_type(place) == "TIMESTAMP"
            wanted = datetime.fromisoformat(str(value)) if is_time else value
            if wanted not in _held(samples_warehouse, document, path, place):
                lost.append((pointer, place, value))
    assert lost == []


def test_a_time_keeps_its_microseconds(samples_warehouse: Path) -> None:
    """The check above tells two times apart that differ by a microsecond."""
    document = _samples()[0]
    held = _held(samples_warehouse, document, "/receipt/signed_at", "signatures.signed_at")
    assert datetime(2026, 5, 18, 1, 25, 17, 435528, tzinfo=UTC) in held
    assert datetime(2026, 5, 18, 1, 25, 17, 435529, tzinfo=UTC) not in held


# -- why the others have none -----------------------------------------------------------------


def _altered(value: object) -> object:
    """Return another value of the same type, for null a text."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value, "x"]
    if isinstance(value, dict):
        return {**value, "x": 1}
    return f"{value or ''}x"


def _with(tree: dict[str, Any], pointer: str) -> bytes:
    """Return a document of which the value at one pointer is altered."""
    altered = copy.deepcopy(tree)
    *parents, last = pointer.split("/")[1:]
    holder: Any = altered
    for token in parents:
        holder = holder[int(token)] if isinstance(holder, list) else holder[token]
    holder[last] = _altered(holder[last])
    return json.dumps(altered).encode()


def _staged(raw: bytes) -> dict[str, list[dict[str, Any]]]:
    documents = [(hashlib.sha256(raw).hexdigest(), raw)]
    tables = stage(documents, load(default_keyring()))
    return {name: found.to_pylist() for name, found in tables.items()}


def _left(reason: str) -> Iterator[tuple[Document, str]]:
    for document in _samples():
        for pointer, _ in _leaves(document.tree):
            if reason in PLACES[document.kind][_path(pointer)]:
                yield document, pointer


def test_a_repeated_value_that_disagrees_is_a_problem() -> None:
    """Each value left out as repeated is named by a problem when it is not the same."""
    unnoticed = []
    checked = 0
    for document, pointer in _left(REPEATED):
        problems = _staged(_with(document.tree, pointer))["problems"]
        checked += 1
        if pointer not in {problem["pointer"] for problem in problems}:
            unnoticed.append((document.kind, pointer))
    assert unnoticed == []
    assert checked > 30


def test_a_problem_stands_once() -> None:
    """A repeated value that disagrees makes no row of `problems` twice."""
    twice = []
    for document, pointer in _left(REPEATED):
        problems = [
            tuple(row.values()) for row in _staged(_with(document.tree, pointer))["problems"]
        ]
        if len(problems) != len(set(problems)):
            twice.append((document.kind, pointer))
    assert twice == []


def test_a_merged_value_that_differs_is_named() -> None:
    """Each value left out of an embedded state is named when the events do not yield it."""
    unnoticed = []
    checked = 0
    for document, pointer in _left(MERGED):
        found = _staged(_with(document.tree, pointer))
        checked += 1
        refused = [row["status"] for row in found["documents"]] != ["ok"]
        (state,) = found["states"] or [{"merge_status": None, "merge_pointer": ""}]
        named = state["merge_status"] == "differs" and f"{state['merge_pointer']}/".startswith(
            f"{pointer}/"
        )
        if not refused and not named:
            unnoticed.append((pointer, state["merge_status"], state["merge_pointer"]))
    assert unnoticed == []
    assert checked > 150


def test_an_unseen_value_is_kept_as_extra() -> None:
    """Each value left out for being always empty is kept whole in `extra` when it is not."""
    checked = 0
    for document, pointer in _left(UNSEEN):
        (row,) = _staged(_with(document.tree, pointer))["documents"]
        checked += 1
        assert pointer in json.loads(row["extra"] or "{}")
    assert checked > 15


def test_a_malformed_time_is_named_where_it_stands() -> None:
    """A canonical record's time is named by its own pointer, in each kind of document."""
    for document in _samples():
        holder = "/current" if document.kind == "state" else ""
        pointer = f"{holder}/canonical_record/metadata/submitted_at"
        problems = _staged(_with(document.tree, pointer))["problems"]
        malformed = [one["pointer"] for one in problems if one["code"] == "time_malformed"]
        assert malformed == [pointer]


def test_items_of_a_list_become_rows() -> None:
    """With an item, each list left out for being empty here gives rows or extra, or is refused."""
    for document, pointer in _left(NO_ROWS):
        empty = _staged(json.dumps(document.tree).encode())
        found = _staged(_with(document.tree, pointer))
        (row,) = found["documents"]
        grown = [name for name in ("claims", "citations", "events") if found[name] != empty[name]]
        assert grown or row["status"] == "refused" or row["extra"], pointer
