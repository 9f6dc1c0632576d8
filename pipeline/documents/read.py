"""One document: recognised by its markers, parsed once, checked for its shape.

`read` is where hostile bytes become typed values; later code may trust the types, and only the
types. The tree that the digests are computed from and the typed shape that the
rows are made of come from the same parse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.documents.canonical import has_float
from pipeline.documents.convert import free_values, typed
from pipeline.documents.ijson import ONE_EACH, RefusedError, parse, pointer_text, walk
from pipeline.documents.shapes import (
    PAYLOADS,
    AnyDocument,
    Bundle,
    Event,
    Integrity,
    IntegrityEvent,
    IntegrityFinding,
    MirrorManifest,
    PaperDocument,
    Record,
    Shape,
    SnapshotEvent,
    State,
    StateEvent,
)
from pipeline.limits import MAX_EVENTS, MAX_ITEMS, MAX_NUMBER_CHARACTERS
from pipeline.vocabulary import EventType, Kind

#: The field that marks a kind, its value, the kind and its shape (docs/format.md).
_MARKERS: tuple[tuple[str, str, Kind, type[AnyDocument]], ...] = (
    ("record_type", "pith_number_record", "record", Record),
    ("bundle_type", "pith_open_graph_bundle", "bundle", Bundle),
    ("state_type", "pith_open_graph_state", "state", State),
    ("manifest_type", "pith_mirror_manifest", "mirror_manifest", MirrorManifest),
)
#: Integrity documents are marked by the end of their `schema`, on any server.
_INTEGRITY_SCHEMA = "/schemas/pith-integrity/v1.json"
#: The schema of a kind of Pith document that is not known.
_OTHER_SCHEMA = re.compile(r".*/schemas/pith-[a-z-]+/v\d+\.json", re.DOTALL)
#: Fields that only Pith documents have. An object with one of them counts as a broken Pith
#: document.
TELLTALES = ("record_type", "bundle_type", "state_type", "pith_number", "canonical_record")
_TELLTALE_BYTES = re.compile(rb"pith_number|pith_open_graph_|canonical_record|p\0i\0t\0h\0_\0")

#: A document within a string, as message queues deliver it.
_QUOTED = re.compile(
    rf'\s*[\[{{].*"(?:{"|".join(marker for _, marker, _, _ in _MARKERS)})"', re.DOTALL
)
#: How many characters of an envelope's key and of a schema are shown.
_SHOWN_KEY, _SHOWN_SCHEMA = 40, 200

#: The lists of a state and the type of event that each holds. Only the first was seen with
#: items; the names of the other types are those of the registry's actions.
STATE_LISTS: dict[str, EventType] = {
    "graph_snapshots": "graph_snapshot",
    "author_attestations": "author_attestation",
    "timestamp_anchors": "timestamp_anchor",
    "storage_attestations": "storage_attestation",
    "citation_signatures": "citation_signature",
    "replication_records": "replication_record",
    "corrections": "correction",
}


class NotPithError(Exception):
    """The bytes are not a Pith document and do not look like a broken one."""


class UnsupportedError(Exception):
    """A Pith document of a kind that has no tables yet."""


class ReadEvent(NamedTuple):
    """An event as it stands in a document.

    Attributes:
        pointer: where it stands (JSON pointer).
        event_type: as stated in a bundle, as implied by the list in a state.
        tree: the event as parsed.
        event: the same, typed: with its signature in a bundle, without in a state.
        payload: typed, if the type is one of `shapes.PAYLOADS`.
        unapplied: whether the bundle's state applied other events but not this one. Anybody may
            send the registry an event, and the registry keeps it without applying it.
    """

    pointer: str
    event_type: str | None
    tree: dict[str, Any]
    event: Event | StateEvent
    payload: Shape | None
    unapplied: bool = False


class ReadFinding(NamedTuple):
    """An event of an integrity document.

    Attributes:
        pointer: where it stands (JSON pointer).
        event: typed, with its signature.
        payload: typed, if it says what a detector found; any other is kept in `Document.extra`.
    """

    pointer: str
    event: IntegrityEvent
    payload: IntegrityFinding | None


@dataclass(slots=True)
class Document:
    """A document that was read.

    Attributes:
        tree: the parsed JSON, from which every digest is computed.
        shape: the same, typed.
        events: in document order; for a state, the events it was merged from.
        findings: the events of an integrity document, in document order.
        extra: JSON pointer to value, of every field without a column of its own.
        floats: whether a float may stand anywhere in the tree (see `canonical.canonical`).
    """

    kind: Kind
    tree: dict[str, Any]
    shape: AnyDocument
    events: list[ReadEvent] = field(default_factory=list)
    findings: list[ReadFinding] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    floats: bool = False

    @property
    def is_paper(self) -> bool:
        """Whether the document holds the canonical record of a paper."""
        return isinstance(self.shape, PaperDocument)

    @property
    def pith_number(self) -> str | None:
        """The number that the document states, if its kind has one."""
        return None if isinstance(self.shape, MirrorManifest) else self.shape.pith_number


def read(raw: bytes) -> Document:
    """Parse, recognise and type one document.

    Raises:
        RefusedError: a broken Pith document, with the reason, the place and, if it could be parsed,
            its number.
        NotPithError: something else.
        UnsupportedError: a Pith document of a kind that is not known.
    """
    try:
        tree = parse(raw)
    except RefusedError as error:
        if looks_like_pith(raw):
            raise
        raise NotPithError(str(error)) from None
    kind, shape = _recognise(tree)
    try:
        return _typed(kind, tree, shape)
    except RefusedError as error:
        stated = tree.get("pith_number")
        if isinstance(stated, str) and len(stated) <= MAX_NUMBER_CHARACTERS:
            error.pith_number = stated
        raise


def _typed(kind: Kind, tree: dict[str, Any], shape: type[AnyDocument]) -> Document:
    """Return a recognised document; raise RefusedError where its shape is wrong."""
    extra: dict[str, Any] = {}
    document = Document(kind, tree, typed(tree, shape, "", extra), extra=extra)
    document.events = list(_events(document))
    document.findings = list(_findings(document))
    extra.update(_unread(document))
    for pointer, value, unseen in _free(document):
        if unseen:
            extra[pointer] = value
        document.floats = document.floats or has_float(value)
    document.floats = document.floats or has_float(extra)
    return document


def _free(document: Document) -> Iterator[tuple[str, Any, bool]]:
    """Yield (pointer, value, unseen) of every value without a declared type that is not empty.

    Values in the payload of an event have a column: the payload itself.
    """
    for pointer, value, unseen in free_values(document.shape):
        yield pointer, value, unseen and "/payload/" not in pointer
    for event in document.events:
        if event.payload is None:
            yield f"{event.pointer}/payload", event.event.payload, False
        elif document.kind == "bundle":  # a state's payloads are part of its shape
            for pointer, value, _ in free_values(event.payload):
                yield pointer, value, False
    for finding in document.findings:
        if finding.payload is not None:
            for pointer, value, _ in free_values(finding.payload):
                yield pointer, value, False


def _unread(document: Document) -> Iterator[tuple[str, Any]]:
    """Yield (pointer, item) of the items of an embedded state that are not events of its bundle."""
    bundle = document.shape
    if not isinstance(bundle, Bundle) or bundle.state is None:
        return
    known = {event.event_id for event in bundle.events or ()}
    current, place = document.tree["state"]["current"], "/state/current"
    created = bundle.state.current.record_created
    if created is not None and created.event_id not in known:
        yield f"{place}/record_created", current["record_created"]
    for name in STATE_LISTS:
        items = current.get(name) or []
        if not isinstance(items, list):
            yield f"{place}/{name}", items
            continue
        _check_length(items, MAX_EVENTS, "events", f"{place}/{name}")
        for index, item in enumerate(items):
            event_id = item.get("event_id") if isinstance(item, dict) else None
            if not isinstance(event_id, str) or event_id not in known:
                yield f"{place}/{name}/{index}", item


def looks_like_pith(raw: bytes) -> bool:
    """Tell whether bytes that are not JSON may have been a Pith document: empty, or `{`."""
    start = raw[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in (b"{", b"") or _TELLTALE_BYTES.search(raw) is not None


def claims_to_be_pith(tree: object) -> bool:
    """Tell whether a value is a Pith document, of any kind, broken or not, or holds one."""
    try:
        _recognise(tree)
    except NotPithError:
        return False
    except (RefusedError, UnsupportedError):
        return True
    return True


def _recognise(tree: object) -> tuple[Kind, type[AnyDocument]]:
    if not isinstance(tree, dict):
        _refuse_wrapped(tree)
        reason = "JSON, but not an object"
        raise NotPithError(reason)
    if marked := _marked(tree):
        return marked
    schema = tree.get("schema")
    if isinstance(schema, str) and _OTHER_SCHEMA.fullmatch(schema):
        reason = f"a document of {schema[:_SHOWN_SCHEMA]}, which has no tables yet"
        raise UnsupportedError(reason)
    for name in TELLTALES:
        if name in tree:
            reason = "no marker of a Pith document"
            raise RefusedError(reason, f"/{name}")
    _refuse_wrapped(tree)
    reason = "a JSON object without a marker of a Pith document"
    raise NotPithError(reason)


def _marked(tree: dict[str, Any]) -> tuple[Kind, type[AnyDocument]] | None:
    """Return the kind and the shape that an object's marker names, if it has one."""
    for name, value, kind, shape in _MARKERS:
        if tree.get(name) == value:
            return kind, shape
    schema = tree.get("schema")
    if isinstance(schema, str) and schema.endswith(_INTEGRITY_SCHEMA):
        return "integrity", Integrity
    return None


def _refuse_wrapped(tree: object) -> None:
    """Raise RefusedError if a document stands within another value; name the first one's place."""
    for path, value in walk(tree):
        if not _is_wrapped(value):
            continue
        if isinstance(tree, list):
            reason = f"a JSON array of documents: {ONE_EACH}"
        elif isinstance(tree, dict):
            key = json.dumps(str(path[1])[:_SHOWN_KEY])
            reason = f"an envelope {{{key}: ...}} around a document: write the document alone"
        else:
            reason = "a document within a JSON string: write the document alone"
        raise RefusedError(reason, pointer_text(path))


def _is_wrapped(value: object) -> bool:
    if isinstance(value, dict):
        return _marked(value) is not None
    return isinstance(value, str) and _QUOTED.match(value) is not None


def _events(document: Document) -> Iterator[ReadEvent]:
    shape, tree = document.shape, document.tree
    if isinstance(shape, Bundle):
        applied = _applied(shape)
        for index, event in enumerate(shape.events or ()):
            pointer = f"/events/{index}"
            unapplied = bool(applied) and event.event_id not in applied
            payload = _payload(event, f"{pointer}/payload", document.extra, unapplied=unapplied)
            _check_length(event.supersedes, MAX_ITEMS, "links", f"{pointer}/supersedes")
            raw = tree["events"][index]
            yield ReadEvent(pointer, event.event_type, raw, event, payload, unapplied)
    elif isinstance(shape, State):
        created = shape.current.record_created
        if created is not None:
            raw = tree["current"]["record_created"]
            pointer = "/current/record_created"
            yield ReadEvent(pointer, "record_created", raw, created, created.payload)
        for name, event_type in STATE_LISTS.items():
            items = getattr(shape.current, name)
            if items:
                raws = tree["current"][name]
                yield from _state_events(name, event_type, items, raws, document.extra)


def _findings(document: Document) -> Iterator[ReadFinding]:
    if isinstance(document.shape, Integrity):
        for index, event in enumerate(document.shape.events or ()):
            pointer = f"/events/{index}"
            payload = _found(event.payload, f"{pointer}/payload", document.extra)
            yield ReadFinding(pointer, event, payload)


def _found(value: object, pointer: str, extra: dict[str, Any]) -> IntegrityFinding | None:
    """Return the payload of an integrity event, typed; one that is no finding becomes extra."""
    if value is None:
        return None
    found, undeclared = IntegrityFinding(), dict[str, Any]()
    with suppress(RefusedError):
        found = typed(value, IntegrityFinding, pointer, undeclared)
    extra.update(undeclared if found.says_what else {pointer: value})
    return found if found.says_what else None


def _applied(bundle: Bundle) -> set[str | None]:
    """Return the ids of the events that the bundle's state applied; empty if it names none."""
    listed = bundle.state.applied_event_ids if bundle.state else None
    return set[str | None](listed or ()) & {event.event_id for event in bundle.events or ()}


def _payload(event: Event, pointer: str, extra: dict[str, Any], *, unapplied: bool) -> Shape | None:
    """Return the payload, typed; the payload of an unapplied event may have any shape."""
    known = PAYLOADS.get(event.event_type or "")
    if known is None:
        return None
    try:
        return typed(event.payload, known, pointer, extra)
    except RefusedError:
        if unapplied:
            return None
        raise


def _check_length(value: object, most: int, items: str, pointer: str) -> None:
    """Refuse a list that is too long, if its declared type does not bound it."""
    if isinstance(value, list) and len(value) > most:
        reason = f"more than {most} {items}"
        raise RefusedError(reason, pointer)


def _state_events(
    name: str, event_type: str, items: object, raws: list[Any], extra: dict[str, Any]
) -> Iterator[ReadEvent]:
    """Yield a list's events; an item of another shape, never seen yet, becomes extra."""
    if not isinstance(items, list):
        extra[f"/current/{name}"] = items
        return
    _check_length(items, MAX_EVENTS, "events", f"/current/{name}")
    for index, (item, raw) in enumerate(zip(items, raws, strict=True)):
        pointer, found = f"/current/{name}/{index}", dict[str, Any]()
        if isinstance(item, SnapshotEvent):
            yield ReadEvent(pointer, event_type, raw, item, item.payload)
            continue
        try:
            event = typed(item, StateEvent, pointer, found)
        except RefusedError:
            extra[pointer] = item
            continue
        extra.update(found)
        yield ReadEvent(pointer, event_type, raw, event, None)
