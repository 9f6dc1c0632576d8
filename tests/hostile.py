"""Files that are made to do harm by their sizes, counts, packings, names and claims.

A hostile file is made of a kind, a scale (about how many bytes or items) and a source of chance,
so that the tests make small ones and `benchmarks/fuzz.py` large ones of the same kinds. The only
signatures by the registry's key in them are those of the real documents, which anybody can copy.
"""

from __future__ import annotations

import bz2
import copy
import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.cases.forge import Key, resign, seal_state
from tests.paths import SAMPLES

#: The contents of files by name. A name is bytes, as it need not be text.
Files = dict[bytes, bytes]

#: The five real documents.
REAL = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]

#: A forger, who uses the registry's key id with a key that no keyring pins.
_FORGER = Key("pith-etl forger's key", "pith-v1-2026-05")

_Kind = Callable[[random.Random, int], Files]
KINDS: dict[str, _Kind] = {}


def kind(make: _Kind) -> _Kind:
    """Register a kind of hostile files under its function's name."""
    KINDS[make.__name__] = make
    return make


def write(folder: Path, files: Files) -> int:
    """Write files into a directory of their own; return their bytes."""
    for name, content in files.items():
        path = os.path.join(os.fsencode(folder), name)  # noqa: PTH118 - a name need not be text
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(content)
    return sum(map(len, files.values()))


# -- what the kinds are made of ---------------------------------------------------------------


def _real(chance: random.Random) -> Any:  # noqa: ANN401 - a JSON document, of which any part is changed
    return json.loads(chance.choice(REAL))


def _raw(tree: object) -> bytes:
    # lone surrogates stay escapes
    return json.dumps(tree).encode()


def _one(content: bytes) -> Files:
    return {b"hostile.json": content}


def _holders(tree: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    """Yield every place of a document: its container, and its key or index."""
    places: Any = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for place, value in list(places):
        yield tree, place
        if isinstance(value, dict | list):
            yield from _holders(value)


def _changed(chance: random.Random, change: Callable[[Any], Any], of: type | None = None) -> Any:  # noqa: ANN401
    """Return a real document with one value changed, of a type if one is given."""
    tree = _real(chance)
    places = [
        (holder, place)
        for holder, place in _holders(tree)
        if of is None or type(holder[place]) is of
    ]
    holder, place = chance.choice(places)
    holder[place] = change(holder[place])
    return tree


def _repacked(chance: random.Random, tree: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return a document as it is, with its state's hash restated, or signed by the forger."""
    if chance.random() < 0.5:
        try:
            if "state_type" in tree:
                return _raw(seal_state(tree))
            if "bundle_type" in tree:
                return _raw(resign(_FORGER, tree))
        except (KeyError, TypeError, AttributeError, UnicodeError, RecursionError):
            pass  # too broken to be signed: as it is
    return _raw(tree)


def _nested(chance: random.Random, depth: int) -> str:
    opened, closed = chance.choice([("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
    return opened * depth + "0" + closed * depth


_PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b".gz": gzip.compress,
    b".bz2": bz2.compress,
    b".zst": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
}


# -- sizes and counts -------------------------------------------------------------------------


@kind
def long_texts(chance: random.Random, scale: int) -> Files:
    """Any text of a real document, long: titles, ids, names of keys, signatures."""
    unit = chance.choice(["x", "é", "\u202e", "\0", "a b ", "\U0001f600", '"', "\\", "\n"])
    return _one(_repacked(chance, _changed(chance, lambda text: text + unit * scale, str)))


@kind
def long_names(chance: random.Random, scale: int) -> Files:
    """A field whose name is long."""
    tree = _changed(chance, lambda value: {**value, "n" * scale: 1}, dict)
    return _one(_repacked(chance, tree))


@kind
def long_lists(chance: random.Random, scale: int) -> Files:
    """Any list of a real document, its items repeated or empty ones in their place."""
    item: object = chance.choice([None, {}, [], "", 0])

    def longer(items: list[Any]) -> list[Any]:
        copies = scale // max(20, len(_raw(items))) + 1
        return items * copies if items and chance.random() < 0.7 else [item] * (scale // 8)

    return _one(_repacked(chance, _changed(chance, longer, list)))


@kind
def many_fields(chance: random.Random, scale: int) -> Files:
    """Any object of a real document, with many more fields."""
    more = {f"f{number}": number for number in range(scale // 16)}
    return _one(_repacked(chance, _changed(chance, lambda value: value | more, dict)))


@kind
def many_items(chance: random.Random, scale: int) -> Files:
    """Many events, keys, aliases or citations, each a copy of a real one with one text changed."""
    tree = _real(chance)
    lists = [
        (holder, place)
        for holder, place in _holders(tree)
        if isinstance(holder[place], list) and holder[place] and isinstance(holder[place][0], dict)
    ]
    holder, place = chance.choice(lists)
    found = chance.choice(holder[place])
    names = [name for name, value in found.items() if isinstance(value, str)]
    name = chance.choice(names)
    holder[place] += [
        found | {name: f"{found[name]}{number}"} for number in range(scale // len(_raw(found)))
    ]
    return _one(_repacked(chance, tree))


@kind
def deep_nesting(chance: random.Random, scale: int) -> Files:
    """A deeply nested value, in place of another or alone."""
    text = _nested(chance, chance.choice([100, 255, max(1, scale // 8)]))
    if chance.random() < 0.2:
        return _one(text.encode())
    return _one(_raw(_changed(chance, lambda _: "HERE")).replace(b'"HERE"', text.encode(), 1))


@kind
def odd_values(chance: random.Random, scale: int) -> Files:
    """Any value of a real document replaced by a huge number, a broken text or a wrong type."""
    odd = [
        "1" * min(scale, 5000),
        "-1e999",
        "1e-999999999999999999999",
        "NaN",
        "18446744073709551616",
        "-9223372036854775808",
        "0.1",
        "null",
        "[]",
        "{}",
        '""',
        "true",
        r'"\ud800"',
        r'{"\udfff": "\udfff\ud800"}',
        '"\ud800"',
        '"\0"',
        '"9999-99-99T99:99:99Z"',
        '"0000-01-01T00:00:00Z"',
        '{"a": 1, "a": 2}',
    ]
    # a raw lone surrogate is no UTF-8
    text = chance.choice(odd).encode(errors="surrogatepass")
    return _one(_raw(_changed(chance, lambda _: "HERE")).replace(b'"HERE"', text, 1))


# -- many documents, wrapped and packed -------------------------------------------------------


@kind
def many_documents(chance: random.Random, scale: int) -> Files:
    """Many documents in a file: copies of one, or real, changed and tiny ones mixed."""
    claim = {"record_type": "pith_number_record", "pith_number": _real(chance)["pith_number"]}
    lines = [
        *(_raw(_changed(chance, lambda _: "")) for _ in range(5)),
        _raw(_real(chance)),
        _raw(claim),
        b"{}",
        b"",
        b"null",
        b'{"pith_number":"pith:2015:A"}',
    ]
    one = chance.choice(lines)
    drawn = [one] if chance.random() < 0.5 else lines
    made: list[bytes] = []
    size = 0
    while size < scale:
        made.append(chance.choice(drawn))
        size += len(made[-1]) + 1
    name = chance.choice([b"many.jsonl", b"many.ndjson", b"part-00000"])
    return {name: chance.choice([b"\n", b"\r\n", b"\n\n"]).join(made)}


@kind
def wrapped(chance: random.Random, scale: int) -> Files:
    """Documents in an array, an envelope or a text, one after another, or with bytes around."""
    raw = _raw(_real(chance))
    many = b",".join([raw] * (scale // len(raw) + 1))
    return _one(
        chance.choice(
            [
                b"[" + many + b"]",
                b'{"data": [' + many + b"]}",
                b'{"bundle": ' + raw + b"}",
                _raw({"record": raw.decode()}),
                raw + raw,
                b"\xef\xbb\xbf" + raw,
                b"\0" * scale + raw,
                b" " * scale + raw,
                raw + b"\n" * scale,
                raw.decode().encode("utf-16"),
                raw[: chance.randrange(len(raw))],
                b"[" * scale,
                b'{"pith_number":' * (scale // 15),
            ]
        )
    )


@kind
def packed(chance: random.Random, scale: int) -> Files:
    """Packed bytes that unpack to many times their size; truncated, altered or concatenated."""
    unit = chance.choice(
        [b"\0", b" ", b"\n", b"{}\n", b"[", b'"', b'{"a":', _raw(_real(chance)) + b"\n"]
    )
    suffix = chance.choice(sorted(_PACKERS))
    made = _PACKERS[suffix](unit * (scale * 40 // len(unit) + 1))
    broken = [
        made,
        made,
        made[: chance.randrange(len(made))],
        made[:-1],
        made + made,
        made + b"\0" * scale,
        made + b"junk",
        bytes(byte ^ (index == len(made) // 2) for index, byte in enumerate(made)),
        _PACKERS[suffix](made),
    ]
    name = chance.choice([b"bomb.jsonl", b"bomb.json", b"bomb"])
    # sometimes with the suffix of another packing, or with none
    named = chance.choice([suffix, suffix, suffix, *sorted(_PACKERS), b""])
    return {name + named: chance.choice(broken)}


@kind
def copies(chance: random.Random, scale: int) -> Files:
    """The same document in many places: a real one, or one with a value changed."""
    raw = chance.choice([_raw(_changed(chance, lambda _: "x")), chance.choice(REAL)])
    count = min(200, scale // len(raw) + 2)
    return {b"%d/%d.json" % (number % 7, number): raw for number in range(count)}


@kind
def odd_names(chance: random.Random, scale: int) -> Files:
    """Names with control characters, bytes that are no text, quotes, and the longest there are."""
    raw = _repacked(chance, _changed(chance, lambda _: "x"))
    names = [
        b"a\nb.json",
        b"\x1b[31m\x07.json",
        b"\xff\xfe\x80.json",
        "\u202ejson.\u2066".encode(),
        b"' or 1=1; --\".json",
        b"*?[a]{b}.json",
        b"%s%n{0}.json",
        b"-rf",
        b"\\u0000.json",
        b"n" * 250 + b".json",
        b"\r\t/\n/ .json",
        b"/".join([b"d" * 200] * 10) + b"/deep.json",
    ]
    return dict.fromkeys(chance.sample(names, min(len(names), 2 + scale // 2000)), raw)


# -- claims -----------------------------------------------------------------------------------


@kind
def claims(chance: random.Random, scale: int) -> Files:
    """Documents that name the numbers, keys, event ids and aliases of the real ones."""
    trees = [json.loads(raw) for raw in REAL]
    texts: dict[str, list[str]] = {}
    for tree in trees:
        for holder, place in _holders(tree):
            if isinstance(place, str) and isinstance(holder[place], str):
                texts.setdefault(place, []).append(holder[place])
    victim = chance.choice(trees)["pith_number"]
    made = {}
    for number in range(1 + scale // 10_000):
        tree = copy.deepcopy(chance.choice(trees))
        for holder, place in list(_holders(tree)):
            # what stands under this name in another real document
            if chance.random() < 0.1 and isinstance(holder[place], str) and place in texts:
                holder[place] = chance.choice(texts[place])
        if chance.random() < 0.7:
            tree["pith_number"] = victim
        for name in ("built_at", "updated_at", "created_at"):
            if name in tree:
                tree[name] = "2030-01-01T00:00:00Z"
        made[b"claim-%d.json" % number] = _repacked(chance, tree)
    return made


@kind
def cobbled(chance: random.Random, scale: int) -> Files:
    """A real document, parts of which come from another: events, keys, a state, a receipt."""
    made = {}
    for number in range(1 + scale // 10_000):
        tree, other = _real(chance), _real(chance)
        parts = [
            (holder, place)
            for holder, place in _holders(other)
            if isinstance(holder[place], dict | list)
        ]
        for _ in range(chance.randrange(1, 4)):
            giver, place = chance.choice(parts)
            takers = [
                holder
                for holder, name in _holders(tree)
                if name == place and isinstance(holder, dict)
            ]
            chance.choice([tree, *takers])[place] = copy.deepcopy(giver[place])
        made[b"cobbled-%d.json" % number] = _repacked(chance, tree)
    return made


@kind
def forged(chance: random.Random, scale: int) -> Files:
    """A real bundle with other texts and its real receipt, the rest signed by the forger."""
    made = {}
    bundles = [raw for raw in REAL if b'"bundle_type"' in raw]
    for number in range(1 + scale // 20_000):
        tree = json.loads(chance.choice(bundles))
        tree["built_at"] = "2030-01-01T00:00:00Z"
        payloads = [event["payload"] for event in tree["events"]]
        for holder, place in list(_holders(payloads)):
            if chance.random() < 0.1 and isinstance(holder[place], str):
                holder[place] = chance.choice(["", "Mallory", holder[place][:-1]])
        made[b"forged-%d.json" % number] = _raw(resign(_FORGER, tree))
    return made
