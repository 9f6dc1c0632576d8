"""Where a standalone state differs from what the signed bundle of its paper merges to.

The digests tell that two states differ; the place needs the documents themselves, which are
read again: states that differ are few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.canonical import has_float
from pipeline.document import read
from pipeline.duck import Connection
from pipeline.inputs import InputFile, read_documents
from pipeline.limits import Limits
from pipeline.merge import merge, state_difference

_SCHEMA = pa.schema([("doc", pa.int64()), ("pointer", pa.string())])

#: Each standalone state that no signed bundle reproduces, beside the best such bundle.
_DIFFERING = """
with bundles as (
    select
        state.pith_number,
        arg_min(state.doc, proof.rank) as doc,
        list(state.merged_sha256) as merged
    from staged_states as state
    inner join proof using (doc)
    where state.embedded and state.merged_sha256 is not null and proof.proof = 'signed'
    group by state.pith_number
),

pairs as (
    select
        state.doc as state_doc,
        bundles.doc as bundle_doc
    from staged_states as state
    inner join bundles using (pith_number)
    where not state.embedded and not list_contains(bundles.merged, state.state_sha256_computed)
),

places as (
    select
        doc,
        any_value(sha256) as sha256,
        min({'path': path, 'position': position}) as place
    from inputs
    group by doc
)

select
    pairs.state_doc,
    state_place.sha256,
    state_place.place.path,
    state_place.place.position,
    bundle_place.place.path,
    bundle_place.place.position,
    bundle_place.sha256
from pairs
inner join places as state_place on pairs.state_doc = state_place.doc
inner join places as bundle_place on pairs.bundle_doc = bundle_place.doc
order by all
"""


def find(connection: Connection, files: Mapping[str, InputFile], limits: Limits) -> None:
    """Create `state_differences`: (doc of a standalone state, pointer or null)."""
    rows = [
        {"doc": row[0], "pointer": _difference(row[1:], files, limits)}
        for row in connection.execute(_DIFFERING).fetchall()
    ]
    connection.register("difference_rows", pa.Table.from_pylist(rows, schema=_SCHEMA))
    connection.execute("create table state_differences as from difference_rows")


def _difference(row: tuple[Any, ...], files: Mapping[str, InputFile], limits: Limits) -> str | None:
    state_sha256, state_path, state_line, bundle_path, bundle_line, bundle_sha256 = row
    state = _tree(files[state_path], state_line, state_sha256, limits)
    bundle = _tree(files[bundle_path], bundle_line, bundle_sha256, limits)
    if state is None or bundle is None:
        return None
    merged = merge(bundle, floats=has_float(bundle))
    return state_difference(merged, state) if merged is not None else None


def _tree(file: InputFile, position: int, sha256: str, limits: Limits) -> dict[str, Any] | None:
    """Return a document that was staged from this place, or None if it changed since."""
    for document in read_documents(file, limits):
        if document.position == position and document.raw is not None:
            same = hashlib.sha256(document.raw).hexdigest() == sha256
            return read(document.raw).tree if same else None
    return None
