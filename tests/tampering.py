"""Every single change of a document, an attacker's repair after it, and what is found of it.

A change is one of `CHANGES` at one JSON pointer. `restate` does what an attacker without a key
can do after it: recompute every hash, number and copy up to the top.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline import catalog
from pipeline.documents.keyring import load
from pipeline.documents.timestamps import microseconds
from pipeline.resources import default_keyring
from pipeline.stage.stage import stage
from tests.cases import forge
from tests.cases.running import built

#: value: another of the same type (of a null: a text); case: the same text in letters that a digest
#: of the lower-cased text does not tell apart; type: the same as another type;
#: remove and add: a key of an object; drop, repeat and order: the last item of a list gone,
#: twice, and the list backwards.
CHANGES = ("value", "case", "type", "remove", "add", "drop", "repeat", "order")

#: Findings that rest on other documents of the dump, here other changes of the same one.
_ACROSS = {
    "aliases_disagree",
    "canonical_records_disagree",
    "document_outdated",
    "event_equivocation",
    "event_ids_disagree",
    "event_not_applied",
    "events_disagree",
    "key_id_conflict",
    "nonce_reuse",
    "record_created_twice",
    "state_differs",
}

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Tampered:
    """A document with one change; `pattern` is its pointer with `*` for each index."""

    path: Path_
    change: str
    tree: Any

    @property
    def pattern(self) -> str:
        """Where the change is, list indices as `*`."""
        return "".join(f"/{'*' if isinstance(step, int) else step}" for step in self.path) or "/"

    @property
    def raw(self) -> bytes:
        """The document's bytes."""
        return json.dumps(self.tree, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        """The digest of the document's bytes."""
        return hashlib.sha256(self.raw).hexdigest()


# -- change -----------------------------------------------------------------------------------


def changes(tree: Any) -> Iterator[Tampered]:  # noqa: ANN401 - a JSON document
    """Yield the document with every single change, one at a time."""
    for path, value in _nodes(tree, ()):
        if isinstance(value, dict):
            yield Tampered(path, "add", put(tree, path, {**value, "tampered": True}))
            for key in value:
                yield Tampered((*path, key), "remove", put(tree, path, forge.without(value, key)))
        elif isinstance(value, list):
            for change, items in _lists(value):
                yield Tampered(path, change, put(tree, path, items))
        else:
            yield Tampered(path, "value", put(tree, path, _other(value)))
            if isinstance(value, str) and recased(value) != value:
                yield Tampered(path, "case", put(tree, path, recased(value)))
        if path:
            yield Tampered(path, "type", put(tree, path, _retyped(value)))


def _nodes(value: Any, path: Path_) -> Iterator[tuple[Path_, Any]]:  # noqa: ANN401 - any JSON
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _nodes(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nodes(item, (*path, index))


def _lists(value: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if value:
        yield "drop", value[:-1]
        yield "repeat", [*value, value[-1]]
    if value != value[::-1]:
        yield "order", value[::-1]


def put(tree: Any, path: Path_, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a copy of a tree with another value at a place; the rest is shared."""
    if not path:
        return value
    changed = copy.copy(tree)
    changed[path[0]] = put(tree[path[0]], path[1:], value)
    return changed


def get(tree: Any, path: Sequence[str | int]) -> Any:  # noqa: ANN401 - any JSON
    """Return the value at a place, or None if there is no such place."""
    try:
        for step in path:
            tree = tree[step]
    except (IndexError, KeyError, TypeError):
        return None
    return tree


def _other(value: object) -> object:
    """Return another value of the same type that looks as good; a later second for a time."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if not isinstance(value, str) or not value:
        return "tampered"
    if microseconds(value) is not None:
        second = (int(value[17:19]) + 1) % 60
        return f"{value[:17]}{second:02}{value[19:]}"
    middle = len(value) // 2
    return f"{value[:middle]}{_neighbour(value[middle])}{value[middle + 1 :]}"


def _neighbour(character: str) -> str:
    return {"9": "8", "f": "e", "z": "y", "Z": "Y"}.get(character, chr(ord(character) + 1))


def recased(text: str) -> str:
    """Return a text in other letters that are the same lower-cased; each K is the Kelvin sign."""
    swapped = "".join(one.swapcase() if one.isascii() else one for one in text)
    return swapped.replace("K", "\N{KELVIN SIGN}")


def _retyped(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return list(value.values())
    return {} if value is None else [value] if isinstance(value, str) else {"0": value}


# -- restate ----------------------------------------------------------------------------------


def restate(tampered: Tampered, original: Any) -> Tampered:  # noqa: ANN401 - any JSON
    """Return a change with every hash, number and copy made to fit, as far as no key is needed."""
    tree = copy.deepcopy(tampered.tree)
    if not isinstance(tree, dict):
        return tampered
    _in_step(tree, tampered)
    _restate_texts(tree)
    number = _restate_numbers(tree, get(original, ("pith_number",)))
    if "bundle_type" in tree:
        _restate_bundle(tree, tampered, number)
    elif "state_sha256" in tree:
        tree = forge.seal_state(tree)
    return replace(tampered, tree=tree)


#: Places that repeat one another, besides those that restate hashes and numbers.
_COPIES: tuple[tuple[Path_, Path_], ...] = (
    (("paper",), ("graph_snapshot", "paper")),
    (
        ("source",),
        ("graph_snapshot", "source"),
    ),
)

#: What a record's verification status says, and the counts that it must agree with.
_STATUS: dict[str, tuple[Path_, ...]] = {
    "weak_author_claims": (("graph_snapshot", "author_claims", "count"),),
    "strong_author_claims": (
        ("graph_snapshot", "author_claims", "count"),
        ("graph_snapshot", "author_claims", "strong_count"),
    ),
    "references_resolved": (("graph_snapshot", "references", "resolved_work"),),
    "formal_links_present": (("formal_canon", "evidence_count"),),
}


def _in_step(tree: Any, tampered: Tampered) -> None:  # noqa: ANN401 - any JSON
    """Repeat the change wherever the document repeats the value."""
    for one, two in _COPIES:
        for place, other in ((one, two), (two, one)):
            if tampered.path[: len(place)] == place and get(tree, other) is not None:
                _repeat(tree, place, other)
    if tampered.change != "value":
        return
    for name, counts in _STATUS.items():
        if tampered.path == ("verification_status", name):
            for *holder, count in counts:
                get(tree, holder)[count] = 1
        elif tampered.path == counts[-1]:
            status = tree["verification_status"]
            status[name] = True if isinstance(status[name], bool) else 1


def _repeat(tree: Any, place: Path_, other: Path_) -> None:  # noqa: ANN401 - any JSON
    holder, copied = get(tree, other[:-1]), get(tree, place)
    if copied is None:
        holder.pop(other[-1], None)
    else:
        holder[other[-1]] = copy.deepcopy(copied)


def _restate_texts(tree: Any) -> None:  # noqa: ANN401 - any JSON
    """Make the canonical record vouch for the title that a record now has."""
    title = get(tree, ("paper", "title"))
    metadata = get(tree, ("canonical_record", "metadata"))
    if isinstance(title, str) and isinstance(metadata, dict) and "title_canon_sha256" in metadata:
        metadata["title_canon_sha256"] = forge.text_digest(title)


def _restate_numbers(tree: Any, old: str) -> str:  # noqa: ANN401 - any JSON
    """Recompute what derives from a canonical record; return the document's Pith number."""
    for _, node in list(_nodes(tree, ())):
        if isinstance(node, dict) and isinstance(node.get("canonical_record"), dict):
            computed = forge.digest(node["canonical_record"])
            for holder in (node, node.get("receipt")):
                if isinstance(holder, dict) and "canonical_sha256" in holder:
                    holder["canonical_sha256"] = computed
    record = get(tree, ("canonical_record",)) or get(tree, ("current", "canonical_record"))
    submitted = get(record, ("metadata", "submitted_at"))
    if not isinstance(submitted, str):
        return old
    identifier = forge.base32_id(forge.digest(record))
    new = f"pith:{submitted[:4]}:{identifier}"
    if new != old:
        text = json.dumps(tree).replace(old, new)
        for length in (16, 12, 8):
            text = text.replace(old[10 : 10 + length] + '"', identifier[:length] + '"')
        tree.update(json.loads(text))
    return new


def _restate_bundle(tree: Any, tampered: Tampered, number: str) -> None:  # noqa: ANN401 - any JSON
    events = tree.get("events")
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict):
            content = forge.without(event, "signature", "content_sha256", "event_id")
            event["content_sha256"] = forge.digest(content)
            event["event_id"] = f"sha256:{event['content_sha256']}"
    if isinstance(tree.get("state"), dict):
        merged = tree["state"] if tampered.path[:1] == ("state",) else _merged(tree, number)
        tree["state"] = forge.seal_state(merged)
    if isinstance(tree.get("bundle_signature"), dict):
        content = forge.without(tree, "bundle_signature")
        tree["bundle_signature"]["bundle_sha256"] = forge.digest(content)


def _merged(tree: Any, number: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the state that the changed events merge to, or as it was where they do not."""
    try:
        return forge.state({**tree, "pith_number": number})
    except (AttributeError, KeyError, TypeError):
        return tree["state"]


# -- notice -----------------------------------------------------------------------------------


def noticed(tampered: Sequence[Tampered], directory: Path) -> list[set[str]]:
    """Return, for each changed document, the codes of the findings on it alone.

    The documents are staged together. Those without a finding are then built together, and what
    is found between them does not count. The others could supply the events that a document
    lacks, so one that names other events than most is also built alone.
    """
    codes = _staged(tampered)
    passed = [index for index, found in enumerate(codes) if not found]
    together = _built([tampered[index] for index in passed], directory / "together")
    for index, found in zip(passed, together, strict=True):
        codes[index] = found
    named = {index: tuple(sorted(_EVENT_ID.findall(tampered[index].raw))) for index in passed}
    usual = Counter(named.values()).most_common(1)
    for index in passed:
        if not codes[index] and named[index] != usual[0][0]:
            (codes[index],) = _built([tampered[index]], directory / str(index))
    return codes


_EVENT_ID = re.compile(rb"sha256:[^\"]*")


def _staged(tampered: Sequence[Tampered]) -> list[set[str]]:
    """Return what the stage function alone finds: refusals, digests and signatures."""
    keyring = load(default_keyring())
    pinned = {key.public_key_b64 for key in keyring.keys}
    failing = {check.code for check in catalog.checks() if check.severity != "info"}
    documents = {item.sha256: item.raw for item in tampered}
    tables = stage(documents.items(), keyring)
    found: dict[str, set[str]] = {sha256: set() for sha256 in documents}
    by_doc = {row["doc"]: found[row["sha256"]] for row in tables["documents"].to_pylist()}
    for row in tables["documents"].to_pylist():
        if row["status"] != "ok":
            by_doc[row["doc"]].add(f"document_{row['status']}")
    for row in tables["problems"].to_pylist():
        if row["code"] in failing:
            by_doc[row["doc"]].add(row["code"])
    for row in tables["signatures"].to_pylist():
        if row["verdict"] != "holds":
            by_doc[row["doc"]].add(f"signature_{row['verdict']}")
        elif row["public_key_b64"] not in pinned:
            by_doc[row["doc"]].add("signature_untrusted_key")
    return [set(found[item.sha256]) for item in tampered]


def _built(tampered: Sequence[Tampered], directory: Path) -> list[set[str]]:
    """Return the findings of a build on each document that do not depend on the others."""
    if not tampered:
        return []
    directory.mkdir()
    across = _ACROSS if len(tampered) > 1 else set[str]()
    return [found - across for found in _found([item.raw for item in tampered], directory, None)]


def _found(raws: Sequence[bytes], directory: Path, keyring: Path | None) -> list[set[str]]:
    """Return what a build finds on each document, one a line of one file."""
    file = directory / "tampered.ndjson"
    file.write_bytes(b"".join(raw + b"\n" for raw in raws))
    found: list[set[str]] = [set() for _ in raws]
    with built([file], directory / "warehouse", keyring) as connection:
        rows = connection.execute(
            "select position, code from findings where severity <> 'info'"
        ).fetchall()
    for position, code in rows:
        found[position - 1].add(code)
    return found


def unnoticed(
    make: Callable[[int], Any], directory: Path, keyring: Path, *, beside: bool
) -> tuple[int, set[tuple[str, str]]]:
    """Return how many changes a document has, and (pattern, change) of those that go unnoticed.

    Args:
        make: makes the document of a number. All have the same shape and nothing else in common.
        directory: an empty one, to build in.
        keyring: pins the key of the documents.
        beside: whether the unchanged document stands beside each changed one.
    """
    count = len(list(changes(make(0))))
    tampered = [next(islice(changes(make(index)), index, None)) for index in range(count)]
    raws = [item.raw for item in tampered]
    if beside:
        raws += [json.dumps(make(index)).encode() for index in range(count)]
    return count, passed(tampered, _found(raws, directory, keyring)[:count])


def passed(tampered: Sequence[Tampered], codes: Sequence[set[str]]) -> set[tuple[str, str]]:
    """Return (pattern, change) of the changes on which nothing was found."""
    return {
        (item.pattern, item.change)
        for item, found in zip(tampered, codes, strict=True)
        if not found
    }


def lines(found: set[tuple[str, str]]) -> list[str]:
    """Return changes as docs/unnoticed.md lists them: `PATTERN: CHANGES`, sorted."""
    grouped: dict[str, list[str]] = {}
    for pattern, change in sorted(found, key=lambda item: (item[0], CHANGES.index(item[1]))):
        grouped.setdefault(pattern, []).append(change)
    return [f"{pattern}: {' '.join(names)}" for pattern, names in grouped.items()]
