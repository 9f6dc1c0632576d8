"""The elements of a JSON array, found in a stream of bytes without parsing them.

A document keeps its own bytes, of which its digest is. Only brackets and strings are looked at: an
element that is not JSON becomes a document that is not JSON.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from pipeline.documents.ijson import WHITESPACE
from pipeline.limits import Limits
from pipeline.sources.streams import CHUNK, Begun

#: All up to the next bracket that stands in no string, and the bracket. The quantifiers give
#: nothing back, so that hostile bytes take no more than one pass.
_BRACKET = re.compile(
    rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+([{}\[\]])', re.DOTALL
)
#: What stands before an element, or before the end of the array.
_BEFORE = re.compile(rb"[ \t\r\n]*+(,?)[ \t\r\n]*+")
#: The beginning of an array whose first element is an object.
OBJECTS = re.compile(rb"[ \t\r\n]*\[[ \t\r\n]*\{")


def holds_objects(head: bytes) -> bool:
    """Tell whether a file begins as a JSON array whose first element is an object."""
    return OBJECTS.match(head) is not None


def elements(stream: Begun, limits: Limits) -> Iterator[tuple[int, bytes | None]]:
    """Yield each element of an array as (the byte where it begins, its bytes).

    The bytes are None where they are more than a document may have; the array is read no further
    then.

    Raises:
        OSError: the array is cut, or something other than an object or an array stands in it.
    """
    window = Window(stream)
    if (yield from elements_of(window, limits)):
        _check_end(window)


def elements_of(window: Window, limits: Limits) -> Generator[tuple[int, bytes | None], None, bool]:
    """Yield each element of the array that comes, as `elements`; return whether it was read whole.

    Raises:
        OSError: as there.
    """
    window.pass_to(b"[")
    first = True
    while _pass_between(window, first=first):
        while not (end := end_of(window.held, window.start)):
            if len(window.held) - window.start > limits.document_bytes:
                yield window.place, None
                return False
            if not window.more():
                message = f"the array is cut in the element at byte {window.place}"
                raise OSError(message)
        yield window.place, window.held[window.start : end]
        window.start, first = end, False
    window.start += 1
    return True


def _pass_between(window: Window, *, first: bool) -> bool:
    """Go on to the next element, behind one comma; return whether there is one.

    Raises:
        OSError: neither an object or an array comes, nor the end.
    """
    commas = 0
    while True:
        between = _BEFORE.match(window.held, window.start)
        if between:
            commas += len(between[1])
            window.start = between.end()
        if window.start < len(window.held) or not window.more():
            break
    kind = window.held[window.start : window.start + 1]
    if kind == b"]" and not commas:
        return False
    if kind not in {b"{", b"["} or commas != (not first):
        message = f"the array is cut or broken at byte {window.place}"
        raise OSError(message)
    return True


class Window:
    """The part of a stream that is looked at.

    Attributes:
        held: its bytes.
        start: how many of them are done.
    """

    def __init__(self, stream: Begun) -> None:
        """Begin where the stream is."""
        self._stream = stream
        self._done = stream.place
        self.held, self.start = stream.read(CHUNK), 0

    @property
    def place(self) -> int:
        """The byte of the stream at which `start` is."""
        return self._done + self.start

    def more(self) -> bool:
        """Read on, and forget what is done; return whether there was more."""
        # a stream may give a byte at a time, and each time all that is held is looked at again
        self._stream.peek(CHUNK)
        data = self._stream.read(CHUNK)
        self._done += self.start
        self.held, self.start = self.held[self.start :] + data, 0
        return bool(data)

    def pass_to(self, mark: bytes) -> None:
        """Go on behind the next mark."""
        while (found := self.held.find(mark)) < 0:
            self.start = len(self.held)
            if not self.more():
                return
        self.start = found + len(mark)

    def rest(self, most: int) -> bytes | None:
        """Read all that is left; return it, None if it is more than so many bytes."""
        kept: bytes | None = b""
        while True:
            kept = None if kept is None else kept + self.held[self.start :]
            if kept is not None and len(kept) > most:
                kept = None
            self.start = len(self.held)
            if not self.more():
                return kept


def end_of(held: bytes, start: int) -> int:
    """Return where the array or object that begins at a place ends; 0 where that is not held."""
    depth, at = 0, start
    while found := _BRACKET.match(held, at):
        depth += 1 if found[1] in b"{[" else -1
        at = found.end()
        if not depth:
            return at
    return 0


def _check_end(window: Window) -> None:
    """Raise OSError where more than white space follows the end of the array."""
    while not window.held[window.start :].strip(WHITESPACE):
        window.start = len(window.held)
        if not window.more():
            return
    message = f"more follows the end of the array at byte {window.place}"
    raise OSError(message)
