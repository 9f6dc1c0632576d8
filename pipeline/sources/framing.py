"""Where one document ends and the next begins, in a stream of unpacked bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from pipeline.documents.ijson import ONE_EACH, WHITESPACE
from pipeline.limits import Limits
from pipeline.sources import arrays, envelopes
from pipeline.sources.envelopes import Envelope
from pipeline.sources.streams import CHUNK, Begun


class Piece(NamedTuple):
    """A document in its file.

    Attributes:
        position: its line, or its number in an array or a sequence, from 1; 1 in a file of one
            document.
        at: the byte where it begins, or one before that.
        size: its bytes; 0 where it is too large to tell.
        raw: its bytes, None if they are too many.
        reason: why it is not read, where `raw` is None.
        pointer: where the envelope around it holds it, or the array that it stands in.
    """

    position: int
    at: int
    size: int
    raw: bytes | None
    reason: str | None = None
    pointer: str = ""


def pieces(stream: Begun, limits: Limits, *, lines: bool) -> Iterator[Piece]:
    """Yield the documents of a stream.

    Args:
        stream: at its beginning.
        limits: of a document.
        lines: whether its name announces a document a line.

    Raises:
        OSError: the stream is broken, or its documents are too many for what they hold.
    """
    head = stream.peek(limits.document_bytes + 1)
    if head.startswith(_RECORD_SEPARATOR):
        # before the first separator there is nothing
        return _until_crumbs(_texts(stream, limits, _RECORD_SEPARATOR, first=0), limits)
    if lines or _is_lines(head):
        return _until_crumbs(_texts(stream, limits, b"\n", first=1), limits)
    if arrays.holds_objects(head):
        return _until_crumbs(_elements(arrays.elements(stream, limits), limits), limits)
    if envelope := envelopes.find(head, limits):
        return _enveloped(stream, limits, envelope)
    return iter((_whole(stream, limits, array=head.lstrip(WHITESPACE).startswith(b"[")),))


def _until_crumbs(documents: Iterable[Piece], limits: Limits) -> Iterator[Piece]:
    """Yield documents; raise OSError when they are too many for what they hold."""
    total = 0
    for count, document in enumerate(documents, 1):
        yield document
        total += document.size
        check_mean(count, total, "documents", limits)


def check_mean(count: int, total: int, what: str, limits: Limits) -> None:
    """Raise OSError where so many documents, or members, are smaller on average than real ones."""
    if count > limits.batch_documents and total < count * limits.mean_bytes:
        message = (
            f"more than {limits.batch_documents} {what} of fewer than "
            f"{limits.mean_bytes} bytes on average"
        )
        raise OSError(message)


#: What follows a line where another begins an object.
_ANOTHER = re.compile(rb"[ \t\r\n]*\{")


def _is_lines(head: bytes) -> bool:
    """Tell whether a file holds a document a line, under any name.

    It does if a first line that is a whole JSON object is followed by the beginning of another one.
    Read as one document, such a file would be refused, so no document is lost.
    """
    start = head.lstrip(WHITESPACE)
    end = start.find(b"\n")
    if end < 0 or not start.startswith(b"{") or not _ANOTHER.match(start, end):
        return False
    try:
        return isinstance(orjson.loads(start[:end]), dict)
    except ValueError:
        return False


def _whole(stream: Begun, limits: Limits, *, array: bool) -> Piece:
    """Return the one document of a file."""
    chunks, size = list[bytes](), 0
    while size <= limits.document_bytes:
        chunk = stream.read(min(CHUNK, limits.document_bytes + 1 - size))
        if not chunk:
            return Piece(1, 0, size, b"".join(chunks))
        chunks.append(chunk)
        size += len(chunk)
    most = f"larger than {limits.document_bytes} bytes"
    where = f"{most} at byte {limits.document_bytes}"
    return Piece(1, 0, 0, None, f"a JSON array {most}: {ONE_EACH}" if array else where)


def _elements(
    elements: Iterable[tuple[int, bytes | None]], limits: Limits, pointer: str = ""
) -> Iterator[Piece]:
    """Yield the documents of a JSON array."""
    for number, (at, raw) in enumerate(elements, 1):
        if raw is None or len(raw) > limits.document_bytes:
            reason = f"an element of a JSON array larger than {limits.document_bytes} bytes"
            yield Piece(number, at, len(raw or b""), None, reason, pointer)
        else:
            yield Piece(number, at, len(raw), raw, None, pointer)


def _enveloped(stream: Begun, limits: Limits, envelope: Envelope) -> Iterator[Piece]:
    """Yield the documents of an envelope."""
    if envelope.pointer != envelopes.ONE:
        found = envelopes.elements(stream, envelope, limits)
        yield from _until_crumbs(_elements(found, limits, envelope.pointer), limits)
        return
    # to the end of the stream, which may turn out to be broken
    text = _whole(stream, limits, array=False).raw or b""
    raw = text[len(envelope.before) : envelope.end]
    yield Piece(1, 0, len(raw), raw, None, envelope.pointer)


#: What stands before each text of a JSON text sequence (RFC 7464).
_RECORD_SEPARATOR = b"\x1e"


def _texts(stream: Begun, limits: Limits, separator: bytes, first: int) -> Iterator[Piece]:
    """Yield the documents between separators, such as lines; `first` is the first's position.

    Blank texts hold nothing and are passed over. A text beyond the limit is never held whole.
    """
    line, at, size, held = first, 0, 0, list[bytes]()
    while chunk := stream.read(CHUNK):
        for index, part in enumerate(chunk.split(separator)):
            if index:
                yield from _line(line, at, size, held, limits)
                line, at, size, held = line + 1, at + size + 1, 0, []
            size += len(part)
            if size <= limits.document_bytes:
                held.append(part)
            else:
                held = []
    yield from _line(line, at, size, held, limits)


def _line(line: int, at: int, size: int, held: list[bytes], limits: Limits) -> Iterator[Piece]:
    raw = b"".join(held)
    if size and not held:
        most = limits.document_bytes
        yield Piece(line, at, size, None, f"larger than {most} bytes at byte {most}")
    elif raw.strip(WHITESPACE):
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        yield Piece(line, at, len(raw), raw)
