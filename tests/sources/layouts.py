"""The ways in which people keep a dump, for tests and the benchmark."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.site import Site, tables
from tests.sources.packed import CODECS, packed_tar, packed_zip

#: Files by their names.
Files = Mapping[str, bytes]

#: The number of files in layouts of several files.
_FILES = 3


def _parts(documents: Files) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the documents in several lots, each with its number."""
    values = list(documents.values())
    size = -(-len(values) // _FILES)
    for number in range(_FILES):
        yield number, values[number * size : (number + 1) * size]


def _lines(lot: list[bytes]) -> bytes:
    return b"".join(raw + b"\n" for raw in lot)


def _array(lot: list[bytes]) -> bytes:
    return b"[" + b",\n".join(lot) + b"]"


def _packed(codec: str, documents: Files) -> Files:
    return {f"dump.tar.{codec}": CODECS[codec](packed_tar(documents))}


LAYOUTS: dict[str, Callable[[Files], Files]] = {
    "sharded": lambda documents: {
        f"{number % 7}/{number % 5}/{name}": raw
        for number, (name, raw) in enumerate(documents.items())
    },
    "gzip under plain names": lambda documents: {
        name: CODECS["gz"](raw) for name, raw in documents.items()
    },
    "tar": lambda documents: {"dump.tar": packed_tar(documents)},
    **{f"tar.{codec}": partial(_packed, codec) for codec in CODECS},
    "zip": lambda documents: {"dump.zip": packed_zip(documents)},
    "stored zip": lambda documents: {"dump.zip": packed_zip(documents, zipfile.ZIP_STORED)},
    "lines under odd names": lambda documents: {
        **{f"part-{number:05}": _lines(lot) for number, lot in _parts(documents) if number},
        "part_000.gz": CODECS["gz"](_lines(next(_parts(documents))[1])),
    },
    "lines": lambda documents: {
        f"{number}.jsonl.zst": CODECS["zst"](_lines(lot)) for number, lot in _parts(documents)
    },
    "tar of packed lines": lambda documents: {
        "dump.tar": packed_tar(
            {f"{number}.jsonl.gz": CODECS["gz"](_lines(lot)) for number, lot in _parts(documents)}
        )
    },
    "arrays": lambda documents: {
        f"{number}.json": _array(lot) for number, lot in _parts(documents)
    },
    "text sequence": lambda documents: {
        "dump": b"".join(b"\x1e" + raw + b"\n" for raw in documents.values())
    },
    "an envelope each": lambda documents: {
        name: b'{"ok": true, "data": ' + raw + b"}" for name, raw in documents.items()
    },
    "envelopes of many": lambda documents: {
        f"{number}.json": b'{"message": {"n": 9, "items": ' + _array(lot) + b"}}"
        if number
        else b'{"items": ' + _array(lot) + b', "next": null}'
        for number, lot in _parts(documents)
    },
}


#: All columns but those that tell where something stands.
COLUMNS = "* exclude (path, position)"


def documents_of(site: Site) -> Files:
    """Return the documents of a site's mirror that are JSON: another would end an array.

    None has white space around it, which lines and elements do not keep.
    """
    found = {}
    for file in sorted(site.mirror.rglob("*.json")):
        raw = file.read_bytes().strip()
        try:
            json.loads(raw)
        except ValueError:
            continue
        found[str(file.relative_to(site.mirror))] = raw
    return found


def laid_out(folder: Path, keyring: Path, files: Files) -> Site:
    """Return the site of a folder, built from some files."""
    site = Site(folder)
    (folder / "keyring.json").write_bytes(keyring.read_bytes())
    site.put_all(dict(files))
    site.build()
    return site


def different(one: Site, other: Site) -> set[str]:
    """Return the tables that differ, by more than paths and positions where they have these."""
    found, expected = tables(one.warehouse), tables(other.warehouse)
    differ = {name.partition("/")[0] for name in expected if found.get(name) != expected[name]}
    for table in ("documents", "findings"):
        query = f"select {COLUMNS} from {table} order by all"  # noqa: S608 - ours
        if one.rows(query) == other.rows(query):
            differ.discard(table)
    return differ
