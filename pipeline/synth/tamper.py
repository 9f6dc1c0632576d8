"""Tampering with the documents of a synthetic dump, and the findings that each must raise.

The findings follow from the rules of docs/format.md and docs/findings.md, not from running the
checks, so a test can compare the checks with them. Listed are the codes of severity warning and
above. Some depend on which untouched documents of the same paper the dump holds.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import orjson

from pipeline.documents.canonical import digest, without
from pipeline.documents.merge import merge
from pipeline.synth.documents import Draft
from pipeline.synth.signer import Signer
from pipeline.vocabulary import Kind

Tree = dict[str, Any]


class Tampered(NamedTuple):
    """A tampered document: its bytes, the changed place (JSON pointer), its findings."""

    raw: bytes
    pointer: str
    findings: frozenset[str]


@dataclass(frozen=True)
class Scene:
    """A document to tamper with, and the means to do so.

    Attributes:
        raw: the untouched document.
        beside: the kinds of the untouched documents of the same paper.
        draft: what the document was made from.
        signer: the key that it was signed by.
        donor: makes a paper that is not in the dump, signed by the same key.
        forgery: makes the same paper with other authors, signed by a key that nobody pinned.
    """

    raw: bytes
    kind: Kind
    beside: frozenset[str]
    draft: Draft
    signer: Signer
    donor: Callable[[], Draft]
    forgery: Callable[[], Draft]

    @cached_property
    def tree(self) -> Tree:
        """The document, parsed: it is tampered with in place."""
        return orjson.loads(self.raw)  # type: ignore[no-any-return] # each is an object

    @property
    def reproducible(self) -> bool:
        """Whether the merge of the paper's events is known."""
        return set(self.draft.event_types) == {"record_created", "graph_snapshot"}

    def touched(self, pointer: str, *findings: str) -> Tampered:
        """Return the tampered tree."""
        return Tampered(orjson.dumps(self.tree), pointer, frozenset(findings))

    def broken(self, pointer: str, *findings: str) -> Tampered:
        """Return a tampered bundle whose digest, and so its signature, fails."""
        return self.touched(
            pointer, "bundle_digest_mismatch", "signature_digest_mismatch", *findings
        )

    def broken_state(self, pointer: str, *findings: str) -> Tampered:
        """Return a tampered state whose digest fails; beside a bundle it also differs."""
        differs = self.differs if "bundle" in self.beside else ()
        return self.touched(pointer, "state_digest_mismatch", *differs, *findings)

    @property
    def differs(self) -> tuple[str, ...]:
        """What a state raises if it differs from the merge of its bundle's events."""
        return ("state_differs",) if self.reproducible else ()

    def if_beside(self, kind: Kind, *findings: str) -> tuple[str, ...]:
        """Return findings that need an untouched document of a kind."""
        return findings if kind in self.beside else ()

    def if_accompanied(self, *findings: str) -> tuple[str, ...]:
        """Return findings that need any untouched document of the paper."""
        return findings if self.beside else ()

    @property
    def unlike_events(self) -> tuple[str, ...]:
        """What events raise that are not in the untouched state of the paper."""
        return self.if_beside("state", "event_ids_disagree", "event_not_applied")

    @property
    def unlike_copy(self) -> tuple[str, ...]:
        """What a state's event raises if the bundle has it with other content."""
        return self.if_beside("bundle", "events_disagree")


#: Returns the tampered document, or None where this kind of tampering needs other documents.
Tamper = Callable[[Scene], Tampered | None]

#: The tamperings of each kind of document, by name.
TAMPERS: Final[dict[Kind, dict[str, Tamper]]] = {
    "record": {},
    "bundle": {},
    "state": {},
    "integrity": {},
}

_SNAPSHOT_EVENT: Final = "/events/1"
_STATE_SNAPSHOT: Final = "/current/graph_snapshots/0/payload/graph_snapshot"


def tamper(scene: Scene, turn: int) -> tuple[str, Tampered]:
    """Tamper with a document in the way whose turn it is; return the way's name and the result."""
    names = list(TAMPERS[scene.kind])
    while True:
        name = names[turn % len(names)]
        result = TAMPERS[scene.kind][name](scene)
        if result is not None:
            return name, result
        turn += 1


def _of(*kinds: Kind) -> Callable[[Tamper], Tamper]:
    def register(function: Tamper) -> Tamper:
        for kind in kinds:
            TAMPERS[kind][function.__name__.strip("_")] = function
        return function

    return register


def _at(tree: Tree, pointer: str) -> Tree:
    """Return the object that holds the last token of a pointer (RFC 6901, unescaped)."""
    value: Any = tree
    for token in pointer.split("/")[1:-1]:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value  # type: ignore[no-any-return] # every pointer below ends in an object


def _change(tree: Tree, pointer: str, change: Callable[[Any], Any]) -> None:
    holder, name = _at(tree, pointer), pointer.rpartition("/")[2]
    holder[name] = change(holder[name])


def _flip(signature_b64: str) -> str:
    """Flip one bit of the signature's second half."""
    data = bytearray(base64.b64decode(signature_b64))
    data[40] ^= 1
    return base64.b64encode(data).decode()


def _other_letter(text: str) -> str:
    return text[:-1] + ("B" if text.endswith("A") else "A")


def _add_author(authors: str) -> str:
    return f"{authors}, Mallory"


# -- of every kind ----------------------------------------------------------------------------

_TITLES: Final = {
    "record": "/paper/title",
    "bundle": f"{_SNAPSHOT_EVENT}/payload/graph_snapshot/paper/title",
    "state": f"{_STATE_SNAPSHOT}/paper/title",
}
_CATEGORIES: Final = {
    "record": "/canonical_record/metadata/primary_cat",
    "bundle": "/canonical_record/metadata/primary_cat",
    "state": "/current/canonical_record/metadata/primary_cat",
}
_ALIASES: Final = {
    "record": "/aliases/0/alias_value",
    "bundle": "/source_aliases/0/alias_value",
    "state": "/current/source_aliases/0/alias_value",
}


@_of("record", "bundle", "state", "integrity")
def _truncated(scene: Scene) -> Tampered:
    return Tampered(scene.raw[: len(scene.raw) * 2 // 3], "/", frozenset({"document_refused"}))


@_of("record", "bundle", "state", "integrity")
def _duplicate_key(scene: Scene) -> Tampered:
    raw = scene.raw[:-1] + b',"pith_number":"pith:1999:MALLORY"}'
    return Tampered(raw, "/pith_number", frozenset({"document_refused"}))


@_of("record", "bundle", "state")
def _wrong_type(scene: Scene) -> Tampered:
    pointer = _TITLES[scene.kind]
    _change(scene.tree, pointer, len)
    return scene.touched(pointer, "document_refused")


@_of("record", "bundle", "state")
def _number_changed(scene: Scene) -> Tampered:
    _change(scene.tree, "/pith_number", _other_letter)
    return _with_other_number(scene, "number_mismatch")


@_of("record", "bundle", "state")
def _year_changed(scene: Scene) -> Tampered:
    _change(scene.tree, "/pith_number", lambda number: f"pith:1989:{number[10:]}")
    return _with_other_number(scene, "number_year_mismatch")


def _with_other_number(scene: Scene, finding: str) -> Tampered:
    """Return a document that now names another paper, which has no other documents."""
    if scene.kind == "bundle":
        moved = ("event_subject_mismatch", "state_subject_mismatch")
        return scene.broken("/pith_number", finding, *moved, *scene.differs)
    if scene.kind == "state":
        taken = ("event_of_several_papers",) if "bundle" in scene.beside else ()
        return scene.touched("/pith_number", "state_digest_mismatch", finding, *taken)
    return scene.touched("/pith_number", finding)


@_of("record", "bundle", "state")
def _canonical_record_changed(scene: Scene) -> Tampered:
    pointer = _CATEGORIES[scene.kind]
    _change(scene.tree, pointer, lambda _: "cs.GL")
    findings = (
        "number_mismatch",
        "metadata_disagrees",
        *scene.if_accompanied("canonical_records_disagree"),
    )
    if scene.kind == "state":
        return scene.broken_state(pointer, "canonical_record_disagrees", *findings)
    findings += ("canonical_digest_mismatch",)
    if scene.kind == "bundle":
        return scene.broken(pointer, "canonical_record_disagrees", *scene.differs, *findings)
    # the record states `content_addressed`
    return scene.touched(pointer, "signature_digest_mismatch", "status_disagrees", *findings)


@_of("record", "bundle", "state")
def _alias_moved(scene: Scene) -> Tampered:
    pointer = _ALIASES[scene.kind]
    _change(scene.tree, pointer, lambda _: scene.donor().paper.source_id)
    disagree = scene.if_accompanied("aliases_disagree")
    if scene.kind == "record":
        return scene.touched(pointer, "alias_contradicts", *disagree)
    # a failed document counts for its paper only if it is the only one
    found = disagree or ("alias_contradicts",)
    if scene.kind == "bundle":
        return scene.broken(pointer, *scene.differs, *found)
    return scene.broken_state(pointer, *found)


# -- signatures -------------------------------------------------------------------------------

_SIGNATURES: Final = {
    "record": "/receipt/signature_b64",
    "bundle": "/bundle_signature/signature_b64",
    "state": "/current/record_created/payload/receipt/signature_b64",
}


def _sign_otherwise(scene: Scene, change: Callable[[str], str], finding: str) -> Tampered:
    """Change the receipt of a record or a state, or a bundle's own signature."""
    pointer = _SIGNATURES[scene.kind]
    _change(scene.tree, pointer, change)
    if scene.kind == "state":
        return scene.broken_state(pointer, finding, *scene.unlike_copy)
    return scene.touched(pointer, finding)


@_of("record", "bundle", "state")
def _signature_flipped(scene: Scene) -> Tampered:
    return _sign_otherwise(scene, _flip, "signature_invalid")


@_of("record", "bundle", "state")
def _signature_unpadded(scene: Scene) -> Tampered:
    return _sign_otherwise(scene, lambda text: text.rstrip("="), "signature_malformed")


@_of("record", "bundle")
def _signature_url_alphabet(scene: Scene) -> Tampered:
    def respell(text: str) -> str:
        # a signature without + and / would stay as it is
        other = text.replace("+", "-").replace("/", "_")
        return other if other != text else f"-{text[1:]}"

    return _sign_otherwise(scene, respell, "signature_malformed")


@_of("record", "bundle")
def _algorithm_changed(scene: Scene) -> Tampered:
    pointer = _SIGNATURES[scene.kind].replace("signature_b64", "algorithm")
    _change(scene.tree, pointer, lambda _: "ed448")
    return scene.touched(pointer, "signature_unsupported")


@_of("record", "bundle", "state")
def _digest_upper_case(scene: Scene) -> Tampered:
    pointer, finding = {
        "record": ("/receipt/canonical_sha256", "canonical_digest_mismatch"),
        "bundle": ("/bundle_signature/bundle_sha256", "bundle_digest_mismatch"),
        "state": ("/state_sha256", "state_digest_mismatch"),
    }[scene.kind]
    _change(scene.tree, pointer, str.upper)
    return scene.touched(pointer, finding)


@_of("record", "bundle")
def _short_number_changed(scene: Scene) -> Tampered:
    _change(scene.tree, "/short_pith_number", _other_letter)
    return (scene.broken if scene.kind == "bundle" else scene.touched)(
        "/short_pith_number", "short_number_mismatch"
    )


# -- records ----------------------------------------------------------------------------------


def _set(scene: Scene, pointer: str, value: object, *findings: str) -> Tampered:
    _change(scene.tree, pointer, lambda _: value)
    return scene.touched(pointer, *findings)


@_of("record")
def _title_changed(scene: Scene) -> Tampered:
    _change(scene.tree, "/paper/title", lambda title: f"{title} Revisited")
    return scene.touched("/paper/title", "title_digest_mismatch", "texts_disagree")


@_of("record")
def _receipt_pasted(scene: Scene) -> Tampered:
    findings = ("canonical_digest_mismatch", "signature_digest_mismatch")
    return _set(scene, "/receipt", scene.donor().receipt, *findings)


@_of("record")
def _signature_removed(scene: Scene) -> Tampered:
    return _set(scene, _SIGNATURES["record"], "", "signature_missing", "status_disagrees")


@_of("record")
def _digest_removed(scene: Scene) -> Tampered:
    return _set(scene, "/canonical_sha256", None, "digest_missing")


@_of("record")
def _claim_counted(scene: Scene) -> Tampered:
    pointer = "/graph_snapshot/claims/count"
    _change(scene.tree, pointer, lambda count: count + 1)
    return scene.touched(pointer, "count_mismatch")


@_of("record")
def _status_changed(scene: Scene) -> Tampered:
    pointer = "/verification_status/graph_snapshot"
    _change(scene.tree, pointer, lambda flag: not flag)
    return scene.touched(pointer, "status_disagrees")


@_of("record")
def _computed_before_submitted(scene: Scene) -> Tampered:
    time = "1990-01-01T00:00:00.000000Z"
    return _set(scene, "/receipt/first_computed_at", time, "time_backwards")


@_of("record")
def _signed_after_key(scene: Scene) -> Tampered:
    time = "2031-01-01T00:00:00.000000Z"
    return _set(scene, "/receipt/signed_at", time, "signature_outside_validity")


@_of("record")
def _time_without_offset(scene: Scene) -> Tampered:
    return _set(scene, "/created_at", "2026-05-18 01:25:17", "time_malformed")


# -- bundles ----------------------------------------------------------------------------------

_EVENT_AUTHORS: Final = f"{_SNAPSHOT_EVENT}/payload/graph_snapshot/paper/authors_text"


@_of("bundle")
def _built_later(scene: Scene) -> Tampered:
    _change(scene.tree, "/built_at", lambda _: "2027-01-01T00:00:00Z")
    return scene.broken("/built_at", "time_backwards")


@_of("bundle")
def _event_payload_changed(scene: Scene) -> Tampered:
    pointer = _TITLES["bundle"]
    _change(scene.tree, pointer, lambda title: f"{title} Revisited")
    findings = ("event_digest_mismatch", "title_digest_mismatch")
    copies = scene.if_beside("state", "events_disagree")
    return scene.broken(pointer, *findings, *copies, *scene.differs)


@_of("bundle")
def _event_restated(scene: Scene) -> Tampered | None:
    """Change an event and recompute every hash up to the top; sign nothing again."""
    if not scene.reproducible:
        return None
    tree, event = scene.tree, scene.tree["events"][1]
    _change(tree, _EVENT_AUTHORS, _add_author)
    event["content_sha256"] = digest(without(event, "signature", "content_sha256", "event_id"))
    event["event_id"] = f"sha256:{event['content_sha256']}"
    tree["state"] = merge(tree, floats=False)
    _restate_bundle(tree)
    return scene.touched(_EVENT_AUTHORS, "signature_invalid", *scene.unlike_events)


def _restate_bundle(tree: Tree) -> str:
    stated = digest(without(tree, "bundle_signature"))
    tree["bundle_signature"]["bundle_sha256"] = stated
    return stated


@_of("bundle")
def _event_moved(scene: Scene) -> Tampered:
    """Add a valid event of another paper."""
    donor = scene.donor()
    scene.tree["events"].insert(1, orjson.loads(donor.bundle())["events"][1])
    findings = ("event_subject_mismatch", "source_disagrees")
    # a bundle cannot hold an event that was signed after the bundle was built
    later = donor.built_at.replace(microsecond=0) > scene.draft.built_at
    late = ("time_backwards",) if later else ()
    return scene.broken(_SNAPSHOT_EVENT, *findings, *late, *scene.differs)


@_of("bundle")
def _event_removed(scene: Scene) -> Tampered | None:
    if not scene.reproducible:
        return None
    del scene.tree["events"][1]
    lost = () if "state" in scene.beside else ("event_applied_unknown",)
    return scene.broken(_SNAPSHOT_EVENT, *lost, *scene.differs)


@_of("bundle")
def _event_twice(scene: Scene) -> Tampered:
    events = scene.tree["events"]
    events.append(events[-1])
    return scene.broken(f"/events/{len(events) - 1}", "event_duplicated", *scene.differs)


@_of("bundle")
def _event_signature_flipped(scene: Scene) -> Tampered:
    pointer = f"{_SNAPSHOT_EVENT}/signature/signature_b64"
    _change(scene.tree, pointer, _flip)
    return scene.broken(pointer, "signature_invalid")


@_of("bundle")
def _key_fingerprint_changed(scene: Scene) -> Tampered:
    pointer = "/public_keys/0/fingerprint_sha256_hex"
    _change(scene.tree, pointer, lambda text: text[::-1])
    return scene.broken(pointer, "key_fingerprint_mismatch")


@_of("bundle")
def _embedded_state_changed(scene: Scene) -> Tampered:
    pointer = f"/state{_STATE_SNAPSHOT}/paper/authors_text"
    _change(scene.tree, pointer, _add_author)
    return scene.broken(pointer, "state_digest_mismatch", *scene.differs)


@_of("bundle")
def _forged(scene: Scene) -> Tampered:
    """Sign everything with another key under the registry's key id."""
    findings = ("signature_untrusted_key", "key_id_conflict", *scene.unlike_events)
    return Tampered(scene.forgery().bundle(), "/public_keys/0", frozenset(findings))


@_of("bundle")
def _nonce_reused(scene: Scene) -> Tampered:
    """Sign two events with the same nonce; everything else is valid."""
    tree = scene.tree
    for event in tree["events"][:2]:
        signature = scene.signer.sign_with_nonce(
            event["content_sha256"], tree["pith_number"].encode()
        )
        event["signature"]["signature_b64"] = signature
    tree["bundle_signature"]["signature_b64"] = scene.signer.sign(_restate_bundle(tree))
    return scene.touched("/events/0/signature/signature_b64", "nonce_reuse")


# -- states -----------------------------------------------------------------------------------

_STATE_AUTHORS: Final = f"{_STATE_SNAPSHOT}/paper/authors_text"


@_of("state")
def _authors_changed(scene: Scene) -> Tampered:
    _change(scene.tree, _STATE_AUTHORS, _add_author)
    return scene.broken_state(_STATE_AUTHORS, *scene.unlike_copy)


@_of("state")
def _authors_restated(scene: Scene) -> Tampered | None:
    """Change a state and its hash, so that only the paper's bundle shows the change."""
    if "bundle" not in scene.beside:
        return None
    _change(scene.tree, _STATE_AUTHORS, _add_author)
    scene.tree["state_sha256"] = digest(without(scene.tree, "state_sha256"))
    return scene.touched(_STATE_AUTHORS, *scene.unlike_copy, *scene.differs)


@_of("state")
def _title_restated(scene: Scene) -> Tampered:
    _change(scene.tree, _TITLES["state"], lambda title: f"{title} Revisited")
    scene.tree["state_sha256"] = digest(without(scene.tree, "state_sha256"))
    differs = scene.differs if "bundle" in scene.beside else ()
    findings = ("title_digest_mismatch", *scene.unlike_copy, *differs)
    return scene.touched(_TITLES["state"], *findings)


# -- integrity documents ----------------------------------------------------------------------


def _on_event(name: str, change: Callable[[Any], Any], *findings: str) -> Tamper:
    """Return how to change a field of the first event, if there is one."""

    def changed(scene: Scene) -> Tampered | None:
        if not scene.tree["events"]:
            return None
        pointer = f"/events/0/{name}"
        _change(scene.tree, pointer, change)
        return scene.touched(pointer, *findings)

    return changed


TAMPERS["integrity"] |= {
    "payload_digest_changed": _on_event(
        "payload_sha256", lambda text: text[::-1], "signature_invalid"
    ),
    "event_signature_flipped": _on_event("signature_b64", _flip, "signature_invalid"),
    "signature_unpadded": _on_event(
        "signature_b64", lambda text: text.rstrip("="), "signature_malformed"
    ),
    "signature_removed": _on_event("signature_b64", lambda _: "", "signature_missing"),
    "digest_removed": _on_event(
        "payload_sha256", lambda _: None, "digest_missing", "signature_unsupported"
    ),
    "key_renamed": _on_event("signing_key_id", _other_letter, "signature_unknown_key"),
    "payload_field_removed": _on_event(
        "payload/evidence", lambda _: None, "integrity_event_incomplete"
    ),
    "severity_invented": _on_event(
        "payload/severity",
        lambda _: "grave",
        "integrity_word_unknown",
        "integrity_findings_disagree",
    ),
}


@_of("integrity")
def _finding_moved(scene: Scene) -> Tampered | None:
    """Say that what was found is about another paper."""
    if not scene.tree["events"]:
        return None
    pointer = "/events/0/payload/arxiv_id"
    _change(scene.tree, pointer, lambda _: "9901.99999")
    return scene.touched(pointer, "integrity_subject_mismatch", "integrity_findings_disagree")


@_of("integrity")
def _finding_unlisted(scene: Scene) -> Tampered | None:
    """Leave the finding out of the list: its signed event stays."""
    if not scene.tree["integrity"]["findings"]:
        return None
    scene.tree["integrity"]["findings"].clear()
    return scene.touched("/integrity/findings", "integrity_count_mismatch")


@_of("integrity")
def _payload_replayed(scene: Scene) -> Tampered | None:
    """Put a withdrawal beside the real digest and signature of a finding."""
    events = scene.tree["events"]
    if not events:
        return None
    payload = {**events[0]["payload"], "verdict_class": "rescinded"}
    events.append({**events[0], "payload": payload})
    return scene.touched(f"/events/{len(events) - 1}", "integrity_payload_contested")


@_of("integrity")
def _signature_borrowed(scene: Scene) -> Tampered | None:
    """Give an event the digest and the signature of the paper's bundle."""
    if not scene.tree["events"] or "bundle" not in scene.beside:
        return None
    signed = orjson.loads(scene.draft.bundle())["bundle_signature"]
    event = scene.tree["events"][0]
    event["payload_sha256"] = signed["bundle_sha256"]
    event["signature_b64"] = signed["signature_b64"]
    return scene.touched("/events/0/payload_sha256", "integrity_payload_contested")


@_of("integrity")
def _cleaned(scene: Scene) -> Tampered | None:
    """Call a paper clean that has a critical finding."""
    if not scene.tree["integrity"]["summary"]["critical"]:
        return None
    scene.tree["integrity"]["clean"] = True
    return scene.touched("/integrity/clean", "integrity_count_mismatch")
