"""The places where a standalone state differs from the merge of its paper's signed bundle.

The digests show that two states differ. To find the place, the documents are read again; few states
differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from pipeline import session
from pipeline.documents.canonical import canonical
from pipeline.documents.merge import merged_content, state_difference
from pipeline.documents.read import read
from pipeline.duck import Connection
from pipeline.limits import Limits
from pipeline.resources import sql
from pipeline.sources.files import InputFile
from pipeline.sources.reading import read_documents

_SCHEMA = pa.schema([("doc", pa.int64()), ("pointer", pa.string())])


def find(connection: Connection, limits: Limits) -> None:
    """Create `state_differences`: (doc of a standalone state, pointer or null).

    Every file is read at most twice: first for the merges of bundles, then for the states.
    """
    connection.execute(
        "create temp table differing (state_doc bigint primary key, bundle_doc bigint)"
    )
    connection.execute(f"insert into differing {sql('session', 'differing')}")
    connection.execute("create temp table merged_states (doc bigint primary key, state varchar)")
    for doc, tree in _trees(connection, "bundle_doc", limits):
        merged = merged_content(tree)
        if merged is not None:
            text = canonical(merged).decode()
            connection.execute("insert into merged_states values ($1, $2)", [doc, text])
    rows = [
        {"doc": doc, "pointer": _difference(connection, doc, tree)}
        for doc, tree in _trees(connection, "state_doc", limits)
    ]
    session.take(connection, "state_differences", pa.Table.from_pylist(rows, schema=_SCHEMA))


def _difference(connection: Connection, doc: int, state: dict[str, Any]) -> str | None:
    found = connection.execute(session.query("merged_state"), {"doc": doc}).fetchall()
    return state_difference(json.loads(found[0][0]), state) if found else None


def _trees(
    connection: Connection, column: str, limits: Limits
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (doc, tree) of the documents that stand in a column of `differing`."""
    wanted_docs = f"select {column} from differing"  # noqa: S608 - our own names
    places = connection.execute(session.query("places", wanted=wanted_docs)).fetchall()
    for file, group in groupby(places, key=itemgetter(slice(4, None))):
        wanted = {(path, at): (doc, sha256) for doc, sha256, path, at, *_ in group}
        for document in read_documents(InputFile._make(file), limits):
            doc, sha256 = wanted.pop((document.path, document.position), (None, None))
            # a file that changed since it was staged holds another document
            if doc is not None and document.raw is not None and document.sha256 == sha256:
                yield doc, read(document.raw).tree
            if not wanted:
                break
