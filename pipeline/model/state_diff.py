"""Where a standalone state differs from what the signed bundle of its paper merges to.

The digests tell that two states differ; the place needs the documents themselves, which are
read again: states that differ are few.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from pipeline.documents.canonical import canonical
from pipeline.documents.merge import merged_content, state_difference
from pipeline.documents.read import read
from pipeline.duck import Connection
from pipeline.limits import Limits
from pipeline.sources.files import InputFile, read_documents

_SCHEMA = pa.schema([("doc", pa.int64()), ("pointer", pa.string())])

#: Each standalone state that no signed bundle reproduces, beside the best such bundle.
_DIFFERING = """
select
    state.doc as state_doc,
    arg_min(merged.doc, merged.rank) as bundle_doc
from staged_states as state
-- proof: of documents that were read
semi join proof using (doc)
inner join merged using (pith_number)
where not state.embedded
group by state.doc
having
    not bool_or(merged.merged_sha256 is null)
    and not bool_or(merged.merged_sha256 = state.state_sha256_computed)
"""

#: Where some of these documents stand, each once, in the order of their files.
_PLACES = """
with places as (
    select
        doc,
        any_value(sha256) as sha256,
        min({{'path': path, 'position': position}}) as place
    from inputs
    -- of a stale one the file is out of reach, or does not hold it any more
    where not stale and doc in (select {column} from differing)
    group by doc
)

select
    doc,
    sha256,
    place.position,
    {files}
from places
inner join current_files as file on place.path = file.path
order by place
"""


def find(connection: Connection, limits: Limits) -> None:
    """Create `state_differences`: (doc of a standalone state, pointer or null).

    Every file is read at most twice, however many of its documents differ: for what bundles
    merge to, then for the states.
    """
    connection.execute(
        "create temp table differing (state_doc bigint primary key, bundle_doc bigint)"
    )
    connection.execute(f"insert into differing {_DIFFERING}")
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
    connection.register("difference_rows", pa.Table.from_pylist(rows, schema=_SCHEMA))
    connection.execute("create table state_differences as from difference_rows")


def _difference(connection: Connection, doc: int, state: dict[str, Any]) -> str | None:
    found = connection.execute(
        """
        select state
        from merged_states
        where doc = (select bundle_doc from differing where state_doc = $1)
        """,
        [doc],
    ).fetchall()
    return state_difference(json.loads(found[0][0]), state) if found else None


def _trees(
    connection: Connection, column: str, limits: Limits
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (doc, tree) of the documents that stand in a column of `differing`."""
    files = ", ".join(f"file.{name}" for name in InputFile._fields)
    places = connection.execute(_PLACES.format(column=column, files=files)).fetchall()
    for file, group in groupby(places, key=itemgetter(slice(3, None))):
        wanted = {position: (doc, sha256) for doc, sha256, position, *_ in group}
        for document in read_documents(InputFile._make(file), limits):
            doc, sha256 = wanted.pop(document.position, (None, None))
            # one that changed since it was staged is another document
            if doc is not None and document.raw is not None and document.sha256 == sha256:
                yield doc, read(document.raw).tree
            if not wanted:
                break
