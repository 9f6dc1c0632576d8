"""The bytes of one document, found again by the place that `documents` names."""

from __future__ import annotations

import os

from pipeline.buckets import is_url
from pipeline.errors import SourceError
from pipeline.limits import DEFAULT
from pipeline.sources.files import discover, file_of, opened, shown
from pipeline.sources.named import STANDARD_INPUT
from pipeline.sources.reading import read_documents


def raw_document(path: str, position: int) -> bytes:
    """Return a document as it stands in its file, unpacked.

    Args:
        path: as in `documents.path`; the part that names the file may be relative.
        position: as in `documents.position`.

    Raises:
        SourceError: there is no such file, or no document at this place in it.
    """
    name = file_of(path)
    if opened(name) == STANDARD_INPUT:
        message = "what came through standard input is not kept: build from a file to see it again"
        raise SourceError(message)
    given = opened(name)
    real = given if is_url(given) else os.path.realpath(given)
    wanted = shown(real) + path[len(name) :]
    # below a directory no file has its path: nothing is read
    for file in (one for one in discover([os.fsdecode(real)]) if one.path == shown(real)):
        for document in read_documents(file, DEFAULT):
            if (document.path, document.position) == (wanted, position):
                if document.raw is not None:
                    return document.raw
                message = f"{wanted} at {position} cannot be read: {document.reason}"
                raise SourceError(message)
    message = f"{shown(real)} holds no document {wanted} at {position}; it may have changed"
    raise SourceError(message)
