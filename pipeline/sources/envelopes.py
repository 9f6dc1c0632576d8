"""Documents in an envelope, as servers answer with: one at `/data`, or the elements of `/items`.

An envelope is an object that is no document itself. What stands in it beside the documents is
looked at as one JSON text, so that nothing is passed over that could be a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.documents.ijson import RefusedError, parse
from pipeline.documents.read import TELLTALES, claims_to_be_pith
from pipeline.limits import Limits
from pipeline.sources import arrays
from pipeline.sources.streams import Begun

#: The place of a document that is alone in its envelope.
ONE = "/data"

#: How what an envelope holds begins, by its place: a document, or an array of objects.
_PLACES = {
    b"/data": re.compile(rb"\{[ \t\r\n]*+\""),
    b"/items": arrays.OBJECTS,
    b"/message/items": arrays.OBJECTS,
}
#: The object on the way to one of them.
_ABOVE = b"/message"

_STRING = rb'"((?:[^"\\]|\\.)*+)"'
#: The key of an object's member, and its value if that is no object or array.
_MEMBER = re.compile(
    rb"[ \t\r\n]*+,?[ \t\r\n]*+%(s)b[ \t\r\n]*+:[ \t\r\n]*+(?:%(s)b|[^ \t\r\n\"{}\[\],]++)?+"
    % {b"s": _STRING},
    re.DOTALL,
)
_OBJECT = re.compile(rb"[ \t\r\n]*+\{")
#: Keys of objects that are documents, perhaps broken ones. Most documents have one in front.
_ENDING = frozenset(b"/" + name.encode() for name in TELLTALES)
#: What is put in place of the documents.
_NOTHING = b"[]"


class Envelope(NamedTuple):
    """Where an envelope holds its documents.

    Attributes:
        pointer: to the document, or to the array of them.
        before: what stands before that.
        end: the byte behind it, 0 where the array goes on behind what was looked at.
    """

    pointer: str
    before: bytes
    end: int


def find(head: bytes, limits: Limits) -> Envelope | None:
    """Return the envelope that a stream begins as; None where it does not.

    An array may be cut, or go on behind the head: its documents are read up to there.

    Args:
        head: all of the stream, or more of it than a document may have.
        limits: of a document.
    """
    begun = _OBJECT.match(head)
    found = _place(head, begun.end(), b"") if begun else None
    if not found:
        return None
    pointer, start = found[0].decode(), found[1]
    end = arrays.end_of(head, start) if len(head) <= limits.document_bytes else 0
    # whether all around the documents could be that of a document; None if it is no JSON
    claims = _claims(head[:start], head[end:]) if end else None
    if pointer == ONE:
        taken = claims is False
    else:
        taken = not claims and _claims(head[:start], b"}" * pointer.count("/")) is False
    return Envelope(pointer, head[:start], end) if taken else None


def _place(head: bytes, at: int, above: bytes) -> tuple[bytes, int] | None:
    """Return the pointer to what an object's member holds, and where that begins."""
    while member := _MEMBER.match(head, at):
        pointer, at = above + b"/" + member[1], member.end()
        if pointer in _ENDING:
            return None
        if pointer in _PLACES and _PLACES[pointer].match(head, at):
            return pointer, at
        kind = head[at : at + 1]
        if pointer == _ABOVE and kind == b"{" and (found := _place(head, at + 1, pointer)):
            return found
        if kind in {b"{", b"["}:
            at = arrays.end_of(head, at)
            if not at:
                return None
    return None


def _claims(before: bytes, behind: bytes) -> bool | None:
    """Tell whether what stands around documents claims to be one, or holds one; None if broken."""
    try:
        return claims_to_be_pith(parse(before + _NOTHING + behind))
    except RefusedError:
        return None


def elements(
    stream: Begun, envelope: Envelope, limits: Limits
) -> Iterator[tuple[int, bytes | None]]:
    """Yield the elements of an envelope's array as `arrays.elements` does.

    Raises:
        OSError: the array is broken, or what stands beside it is broken, a document or holds one.
    """
    stream.skip(len(envelope.before))
    window = arrays.Window(stream)
    if not (yield from arrays.elements_of(window, limits)):
        return
    place, behind = window.place, window.rest(limits.document_bytes)
    claims = None if behind is None else _claims(envelope.before, behind)
    if claims is None:
        message = f"the envelope is cut or broken behind byte {place}"
        raise OSError(message)
    if claims:
        message = f"beside {envelope.pointer} the envelope is or holds a document: write it alone"
        raise OSError(message)
