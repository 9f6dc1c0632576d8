"""The bytes of one document, found again by the place that `documents` names."""

from __future__ import annotations

import os
import re

from pipeline.errors import SourceError
from pipeline.limits import DEFAULT
from pipeline.sources.files import discover, file_of, shown
from pipeline.sources.reading import read_documents

_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-f]{2}))")


def raw_document(path: str, position: int) -> bytes:
    """Return a document as it stands in its file, unpacked.

    Args:
        path: as in `documents.path`; the part that names the file may be relative.
        position: as in `documents.position`.

    Raises:
        SourceError: there is no such file, or no document at this place in it.
    """
    name = file_of(path)
    real = os.path.realpath(_opened(name))
    wanted = shown(real) + path[len(name) :]
    for file in discover([os.fsdecode(real)]):
        for document in read_documents(file, DEFAULT):
            if (document.path, document.position) == (wanted, position):
                if document.raw is not None:
                    return document.raw
                message = f"{wanted} at {position} cannot be read: {document.reason}"
                raise SourceError(message)
    message = f"{shown(real)} holds no document {wanted} at {position}; it may have changed"
    raise SourceError(message)


def _opened(name: str) -> bytes:
    r"""Return the bytes of a path that `shown` made a text: `\\` and `\xNN` are escapes in it."""

    def byte(found: re.Match[bytes]) -> bytes:
        return bytes.fromhex(found[1].decode()) if found[1] else b"\\"

    return _ESCAPE.sub(byte, name.encode())
