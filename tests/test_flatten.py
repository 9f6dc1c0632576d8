"""Nothing of a document is dropped unnoticed: each JSON path of the samples has its place.

`RECORD`, `BUNDLE` and `STATE` say of every path of the five real documents, with `*` for an
index, in which columns its values are, or why it has none. A list of plain values is one path.
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
from pipeline.document import Document, read
from pipeline.keyring import load
from pipeline.resources import default_keyring
from pipeline.shapes import PAYLOADS, Shape, Unseen
from pipeline.stage import stage
from pipeline.typed import child_shape
from tests.building import rows
from tests.paths import SAMPLES

Places = dict[str, tuple[str, ...]]

# Why a path has no column:
#: It repeats what stands better vouched-for elsewhere in the document: one that disagrees is a
#: problem, by its own pointer.
REPEATED = "repeated"
#: It belongs to an embedded state, which the events of its bundle yield: one that differs makes
#: the state `differs` instead of `reproduced`, by its own pointer.
MERGED = "merged"
#: Only empty in every real document: anything else is kept in `documents.extra`.
UNSEEN = "unseen"
#: A list whose items are rows of their own, and which is empty here.
NO_ROWS = "no rows"
#: It marks the kind of the document, which is `documents.kind`.
MARKER = "marker"


def _under(prefix: str, places: dict[str, str | tuple[str, ...]]) -> Places:
    return {
        prefix + path: (place,) if isinstance(place, str) else place
        for path, place in places.items()
    }


def _repeated(prefix: str, names: str) -> Places:
    return _under(prefix, dict.fromkeys(names.split(), REPEATED))


def _also(places: Places, column: str) -> Places:
    """Add the column of JSON that keeps the whole of which the places are parts."""
    return {
        path: (*(place for place in found if place not in (REPEATED, UNSEEN, NO_ROWS)), column)
        for path, found in places.items()
    }


def _canonical(prefix: str) -> Places:
    return _under(
        prefix,
        {
            "source/kind": "papers.source_kind",
            "source/id": "papers.source_id",
            "source/version": "papers.source_version",
            "metadata/license": "papers.license",
            "metadata/primary_cat": ("papers.primary_cat", "categories.category"),
            "metadata/submitted_at": "papers.submitted_at",
            "metadata/cross_cats_sorted": "papers.cross_cats",
            "metadata/title_canon_sha256": "papers.title_canon_sha256",
            "metadata/abstract_canon_sha256": "papers.abstract_canon_sha256",
            "schema_version": "papers.schema_version",
        },
    )


def _signature(prefix: str, digest: str) -> Places:
    return _under(
        prefix,
        {
            "signature_status": "signatures.stated_status",
            "algorithm": "signatures.algorithm",
            "key_id": "signatures.key_id",
            "public_key_fingerprint": "signatures.public_key_fingerprint",
            "signature_b64": "signatures.signature_b64",
            "signed_message": "signatures.signed_message",
            "signed_at": "signatures.signed_at",
            **({digest: "signatures.digest_computed"} if digest else {}),
        },
    )


def _receipt(prefix: str) -> Places:
    return {
        **_signature(prefix, "canonical_sha256"),
        **_under(
            prefix,
            {
                "kind": "papers.receipt_kind",
                "key_id": ("signatures.key_id", "papers.receipt_key_id"),
                "signed_at": ("signatures.signed_at", "papers.receipt_signed_at"),
                "builder_version": "papers.receipt_builder_version",
                "receipt_version": "papers.receipt_version",
                "last_reissued_at": "papers.receipt_last_reissued_at",
                "first_computed_at": "papers.receipt_first_computed_at",
            },
        ),
    }


def _texts(prefix: str) -> Places:
    return {
        **_under(
            prefix,
            {
                "title": "papers.title",
                "headline": "papers.headline",
                "authors_text": "papers.authors_text",
                "abstract_excerpt": "papers.abstract_excerpt",
            },
        ),
        **_repeated(prefix, "license cross_cats primary_cat submitted_at"),
    }


def _graph(prefix: str) -> Places:
    """Return the places of a graph snapshot, without its texts."""
    return {
        **_repeated(prefix, "source/kind source/id source/version"),
        **_under(
            prefix,
            {
                "claims/count": "papers.claims_count",
                "claims/items": NO_ROWS,
                "claims/snapshot_sha256": "papers.claims_snapshot_sha256",
                "verdict/id": "papers.verdict_id",
                "verdict/model_set": UNSEEN,
                "verdict/created_at": "papers.verdict_created_at",
                "verdict/strongest_claim": "papers.verdict_strongest_claim",
                "verdict/one_line_summary": "papers.verdict_one_line_summary",
                "verdict/pipeline_version": "papers.verdict_pipeline_version",
                "verdict/weakest_assumption": "papers.verdict_weakest_assumption",
                "verdict/pith_extraction_headline": "papers.verdict_extraction_headline",
                "references/count": "papers.references_count",
                "references/sample": UNSEEN,
                "references/resolved_work": "papers.references_resolved_work",
                "references/snapshot_sha256": "papers.references_snapshot_sha256",
                "references/internal_anchors": "papers.references_internal_anchors",
                "formal_canon/evidence_count": "papers.formal_canon_evidence_count",
                "formal_canon/snapshot_sha256": "papers.formal_canon_snapshot_sha256",
                "author_claims/count": "papers.author_claims_count",
                "author_claims/strong_count": "papers.author_claims_strong_count",
                "author_claims/snapshot_sha256": "papers.author_claims_snapshot_sha256",
                "builder_version": "papers.graph_builder_version",
            },
        ),
    }


def _aliases(prefix: str) -> Places:
    return _under(
        prefix,
        {
            "*/alias_kind": "aliases.kind",
            "*/alias_value": "aliases.value",
            "*/created_at": "aliases.created_at",
        },
    )


def _signer(prefix: str) -> Places:
    return _under(
        prefix,
        {
            "signer_id": "events.signer_id",
            "signer_type": "events.signer_type",
            "key_id": "events.signer_key_id",
            "public_key_fingerprint": "events.signer_fingerprint",
        },
    )


def _created(prefix: str) -> Places:
    """Return the places of the payload of `record_created`."""
    found = {
        **_canonical(f"{prefix}canonical_record/"),
        **_receipt(f"{prefix}receipt/"),
        **_under(
            prefix,
            {
                "canonical_sha256": "papers.canonical_sha256",
                "attestation_state": "papers.attestation_state",
                "source_kind": REPEATED,
                "source_id": REPEATED,
                "source_version": REPEATED,
            },
        ),
    }
    return _also(found, f"events.payload:{prefix}")


def _snapshot(prefix: str) -> Places:
    """Return the places of the payload of `graph_snapshot`."""
    found = {
        **_texts(f"{prefix}graph_snapshot/paper/"),
        **_graph(f"{prefix}graph_snapshot/"),
        f"{prefix}verdict_id": (),
    }
    return _also(found, f"events.payload:{prefix}")


def _event(prefix: str) -> Places:
    return {
        **_signer(f"{prefix}signer/"),
        **_under(
            prefix,
            {
                "event_id": "events.event_id",
                "target": "events.target",
                "created_at": "events.created_at",
            },
        ),
    }


def _json(column: str, prefix: str, names: str) -> Places:
    return {f"{prefix}{name}": (f"{column}:{prefix}",) for name in names.split()}


RECORD: Places = {
    **_canonical("/canonical_record/"),
    **_receipt("/receipt/"),
    **_texts("/paper/"),
    **_graph("/graph_snapshot/"),
    **_repeated("/graph_snapshot/paper/", " ".join(_texts(""))),
    **_repeated("/source/", "kind id version"),
    **_aliases("/aliases/"),
    **_json("documents.links", "/links/", "events_json graph_json html json paper"),
    **_json(
        "documents.agent_actions",
        "/agent_actions/",
        "actions/anchor_timestamp actions/attest_author actions/attest_storage "
        "actions/sign_citation actions/submit_replication download_json fetch_events "
        "fetch_graph resolve_alias view_html view_paper",
    ),
    **_under(
        "/verification_status/",
        {
            name: f"papers.stated_{name}"
            for name in (
                "author_attested",
                "citation_signatures",
                "content_addressed",
                "externally_anchored",
                "formal_links_present",
                "graph_snapshot",
                "pith_receipt",
                "references_resolved",
                "replication_records",
                "storage_verified",
                "strong_author_claims",
                "weak_author_claims",
            )
        },
    ),
    **_under(
        "/inbound_citations/",
        {
            "count": "papers.inbound_citation_count",
            "internal_anchor_count": "papers.inbound_internal_anchor_count",
            "sample": NO_ROWS,
            "sample/*/citing_arxiv_id": "citations.citing_arxiv_id",
            "sample/*/citing_title": "citations.citing_title",
            "sample/*/is_internal_anchor": "citations.is_internal_anchor",
            "sample/*/ref_index": "citations.ref_index",
        },
    ),
    **_under(
        "/",
        {
            "record_type": MARKER,
            "schema_url": "documents.schema_url",
            "pith_number": ("documents.pith_number", "papers.pith_number"),
            "short_pith_number": ("documents.short_pith_number", "papers.short_pith_number"),
            "schema_version": "documents.format_version",
            "canonical_sha256": ("documents.canonical_sha256_computed", "papers.canonical_sha256"),
            "attestation_state": "papers.attestation_state",
            "events": UNSEEN,
            "event_summary": UNSEEN,
            "paper_claims": UNSEEN,
            "formal_canon/evidence_count": "papers.record_formal_canon_evidence_count",
            "formal_canon/sample": UNSEEN,
            "formal_canon/anchors": UNSEEN,
            "created_at": "documents.created_at",
            "updated_at": "documents.updated_at",
        },
    ),
}

STATE: Places = {
    **_canonical("/current/canonical_record/"),
    **_aliases("/current/source_aliases/"),
    **_event("/current/record_created/"),
    **_created("/current/record_created/payload/"),
    **_event("/current/graph_snapshots/*/"),
    **_snapshot("/current/graph_snapshots/*/payload/"),
    **_under(
        "/current/",
        {
            "author_attestations": NO_ROWS,
            "timestamp_anchors": NO_ROWS,
            "storage_attestations": NO_ROWS,
            "citation_signatures": NO_ROWS,
            "replication_records": NO_ROWS,
            "corrections": NO_ROWS,
            "mirror_hints": UNSEEN,
        },
    ),
    **_under(
        "/",
        {
            "state_type": MARKER,
            "state_version": ("documents.format_version", "states.state_version"),
            "pith_number": ("documents.pith_number", "states.pith_number"),
            "merge_version": ("documents.merge_version", "states.merge_version"),
            "event_count": "states.event_count",
            "valid_event_count": "states.valid_event_count",
            "invalid_event_count": "states.invalid_event_count",
            "equivocation_count": "states.equivocation_count",
            "equivocations": "states.equivocations",
            "invalid_events": "states.invalid_events",
            "applied_event_ids": "states.applied_event_ids",
            "state_sha256": "states.state_sha256_computed",
        },
    ),
}


def _embedded(places: Places) -> Places:
    """Return the places of a state within a bundle: its own columns, the rest merged."""
    return {
        f"/state{path}": tuple(p for p in found if p.startswith("states.")) or (MERGED,)
        for path, found in places.items()
    }


BUNDLE: Places = {
    **_canonical("/canonical_record/"),
    **_repeated("/source/", "kind id version"),
    **_aliases("/source_aliases/"),
    **_event("/events/*/"),
    **_created("/events/*/payload/"),
    **_snapshot("/events/*/payload/"),
    **_signature("/events/*/signature/", ""),
    **_signature("/bundle_signature/", "bundle_sha256"),
    **_embedded(STATE),
    **_json("documents.links", "/links/", "bundle resolver state well_known_bundle"),
    **_json(
        "documents.mirror_hints",
        "/mirror_hints/",
        "*/base_url */bundle_url */mirror_type */name */state_url */status */well_known_bundle_url",
    ),
    **_under(
        "/events/*/",
        {
            "event_type": "events.event_type",
            "subject_pith_number": "events.pith_number",
            "supersedes": "events.supersedes",
            "prev_event": "events.prev_event",
            "content_sha256": "signatures.digest_computed",
            "schema_version": "events.schema_version",
            "signature/signed_at": ("events.signed_at", "signatures.signed_at"),
        },
    ),
    **_under(
        "/public_keys/*/",
        {
            "key_id": "keys.key_id",
            "algorithm": "keys.algorithm",
            "format": "keys.format",
            "public_key_b64": "keys.public_key_b64",
            "public_key_hex": "keys.public_key_hex",
            "fingerprint_sha256_b32_first128bits": "keys.fingerprint_sha256_b32",
            "fingerprint_sha256_hex": "keys.fingerprint_sha256_hex",
            "rotates_at": "keys.rotates_at",
            "url": "keys.url",
            "notes": "keys.notes",
        },
    ),
    **_under(
        "/",
        {
            "bundle_type": MARKER,
            "bundle_version": "documents.format_version",
            "pith_number": ("documents.pith_number", "papers.pith_number"),
            "short_pith_number": ("documents.short_pith_number", "papers.short_pith_number"),
            "canonical_sha256": ("documents.canonical_sha256_computed", "papers.canonical_sha256"),
            "timestamp_proofs": UNSEEN,
            "merge_version": "documents.merge_version",
            "built_at": "documents.built_at",
            "bundle_signature/bundle_sha256": (
                "documents.bundle_sha256_computed",
                "signatures.digest_computed",
            ),
        },
    ),
}

PLACES = {"record": RECORD, "bundle": BUNDLE, "state": STATE}


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
    """A path is without a column for being empty if and only if its type keeps it otherwise."""
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
    where = f" where {number} = '{document.shape.pith_number}'" if number else ""
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
    """Each list left out for being empty here gives rows, or extra, as soon as it has items."""
    for document, pointer in _left(NO_ROWS):
        empty = _staged(json.dumps(document.tree).encode())
        found = _staged(_with(document.tree, pointer))
        (row,) = found["documents"]
        grown = [name for name in ("claims", "citations", "events") if found[name] != empty[name]]
        assert grown or row["status"] == "refused" or row["extra"], pointer
