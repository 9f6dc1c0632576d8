"""Read a file: every document in it, however it is packed, or why there is none.

What a file or a member of an archive holds decides how it is read. Contents are hostile:
archives are never unpacked to disk, and nothing is read beyond its limit.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from pipeline import buckets
from pipeline.documents.ijson import WHITESPACE
from pipeline.limits import Limits
from pipeline.sources import objects, tars, zips
from pipeline.sources.files import PACKED, WITHIN, InputFile, shown
from pipeline.sources.framing import check_mean, pieces
from pipeline.sources.members import Member, Names, unwanted
from pipeline.sources.packing import CODECS, HEAD_BYTES, Packing, packing
from pipeline.sources.streams import CHUNK, Begun, Extent, Held, Plain, Stream, Whole
from pipeline.sources.unpacking import Bounded, Budget, Kept, most_bytes, unpacked
from pipeline.vocabulary import Status

_LINES = (".jsonl", ".ndjson")
#: The reason of what should hold a document a line, and holds none.
NO_LINES = "a file of lines without a line"
_ARCHIVES = (".tar", ".tgz", ".tzst", ".tbz2", ".txz", ".zip")


class RawDocument(NamedTuple):
    """A document as it was found; `raw` is None where it could not be read at all."""

    path: str
    position: int
    size: int | None
    sha256: str | None
    raw: bytes | None
    status: Status | None = None
    reason: str | None = None


class Share(NamedTuple):
    """A part of a file: of `of` equal ones, the one of this number, from 0.

    A file is shared out by MiB of its stream: each begins one part's turn. What belongs to other
    parts is passed over as it comes.
    """

    number: int = 0
    of: int = 1

    def takes(self, at: int) -> bool:
        """Tell whether what begins at a byte is this share's."""
        return self.of == 1 or at // CHUNK % self.of == self.number

    @property
    def first(self) -> bool:
        """Whether it is the share that tells of what is wrong with the whole."""
        return self.number == 0


#: All of a file.
WHOLE = Share()


@dataclass(frozen=True, slots=True)
class _Place:
    """A file, or a member of an archive.

    Attributes:
        path: how it is named in the tables.
        size: its bytes as they lie there; None where they are unpacked.
        depth: how many archives there are around it.
        share: what of it is to be read.
        plain: the file itself, where it is not packed.
        limits: of all that is read.
        budget: how much all that is packed within one file may unpack to.
    """

    path: str
    size: int | None
    depth: int
    share: Share
    plain: Whole | None
    limits: Limits
    budget: Budget

    @property
    def lines(self) -> bool:
        """Whether its name announces a document a line."""
        name = self.path.lower()
        if name.endswith(PACKED):
            name = name.rpartition(".")[0]
        return name.endswith(_LINES)

    def row(
        self, position: int, status: Status, reason: str, size: int | None = None
    ) -> RawDocument:
        """Return the row of what is not read."""
        return RawDocument(self.path, position, size, None, None, status, reason)

    def told(
        self, position: int, status: Status, reason: str, size: int | None = None
    ) -> Iterator[RawDocument]:
        """Yield the row of what is not read, if it is for this share to tell."""
        if self.share.first:
            yield self.row(position, status, reason, size)


def read_documents(
    file: InputFile, limits: Limits, share: Share = WHOLE, begun: Whole | None = None
) -> Iterator[RawDocument]:
    """Yield every document of a file, and a row without `raw` for what cannot be read.

    Args:
        file: as it was discovered.
        limits: of all that is read.
        share: what of it to read. All shares together yield each document once.
        begun: the file itself, if reading it was begun (`ahead`).
    """
    place = _Place(file.path, file.size, 0, share, None, limits, Budget(file.size, limits))
    if file.skipped is not None:
        yield from place.told(1, file.status or "skipped", file.skipped)
        return
    try:
        plain = begun or _open(file)
    except OSError as error:
        yield from place.told(1, "unreadable", error.strerror or str(error))
        return
    with closing(plain):
        budget = Budget(plain.size, limits)
        yield from _content(replace(place, size=plain.size, plain=plain, budget=budget), plain)


def _open(file: InputFile) -> Whole:
    """Open a regular file, or an object.

    The checks that discover made are made again on what was really opened, because a
    directory may change in between.
    """
    if buckets.is_url(file.opened):
        return _begun(file)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(file.opened, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        message = "it is no regular file any more"
        raise OSError(message)
    return Plain(descriptor)


def _begun(file: InputFile) -> Whole:
    return objects.Remote(objects.Object(os.fsdecode(file.opened), file.size, file.tag))


def ahead(files: Iterable[InputFile]) -> Iterator[tuple[InputFile, Whole | None]]:
    """Yield the files; of the next ones, what is far away is fetched meanwhile."""
    waiting: deque[tuple[InputFile, Whole | None]] = deque()
    for file in files:
        remote = file.skipped is None and buckets.is_url(file.opened)
        waiting.append((file, _begun(file) if remote else None))
        if len(waiting) > buckets.AHEAD:
            yield waiting.popleft()
    yield from waiting


def _content(place: _Place, stream: Stream) -> Iterator[RawDocument]:
    """Yield the documents of a file or a member, unpacked if need be."""
    begun = Begun(stream)
    head = begun.peek(HEAD_BYTES)
    packed = packing(head)
    if packed is None and not place.size and _is_cut(place):
        yield from place.told(1, "unreadable", "the archive is cut to nothing at byte 0")
    elif packed is None and _is_broken(place, head):
        reason = "neither packed, as its name says, nor JSON at byte 0: fetch it again"
        yield from place.told(1, "unreadable", reason)
    elif packed is None or packed.kind not in CODECS:
        yield from _inside(place, begun, packed)
    else:
        yield from _unpacked(place, begun, packed)


def _is_cut(place: _Place) -> bool:
    """Tell whether an empty file must have held more: of one document it is refused as empty."""
    name = place.path.lower()
    return name.endswith(_ARCHIVES) or (place.lines and name.endswith(PACKED))


def _is_broken(place: _Place, head: bytes) -> bool:
    """Tell whether what should be packed by its name is neither that nor JSON."""
    start = head.lstrip(WHITESPACE)[:1]
    return place.path.lower().endswith(PACKED) and start not in {b"{", b"[", b'"', b"\x1e", b""}


def _unpacked(place: _Place, begun: Begun, packed: Packing) -> Iterator[RawDocument]:
    most = most_bytes(place.size or 0, place.limits)
    source: Begun | Kept = begun
    if place.plain:
        again: Callable[[], Stream | None] = partial(Extent, place.plain, 0, place.plain.size)
    else:
        source = Kept(begun, place.limits.held_bytes)
        again = source.again
    with closing(unpacked(source, packed.kind, place.limits, again)) as stream:
        inner = Begun(Bounded(stream, most, place.budget if place.depth else None))
        within = packing(inner.peek(HEAD_BYTES))
        if within and within.kind in CODECS:
            reason = f"{within.what} within {packed.what}: unpack it first"
            yield from place.told(1, "refused", reason)
        else:
            yield from _inside(replace(place, size=None, plain=None), inner, within)


def _inside(place: _Place, stream: Begun, packed: Packing | None) -> Iterator[RawDocument]:
    """Yield the documents of what is not packed any more, or is an archive."""
    if packed is None:
        yield from _documents(place, stream)
    elif packed.kind == "unread":
        yield from place.told(1, "refused", packed.refusal, place.size)
    elif place.depth >= place.limits.depth:
        reason = f"{packed.what} within {place.depth} others: unpack it first"
        yield from place.told(1, "refused", reason)
    elif packed.kind == "tar":
        yield from _archive(place, tars.members(stream, place.limits))
    else:
        yield from _zip(place, stream)


def _zip(place: _Place, stream: Begun) -> Iterator[RawDocument]:
    if place.plain:
        yield from _archive(place, zips.members(place.plain, place.limits))
        return
    try:
        held = stream.peek(place.limits.held_bytes + 1)
        if len(held) > place.limits.held_bytes:
            reason = (
                f"a zip archive of more than {place.limits.held_bytes} bytes within another "
                "file: unpack it first"
            )
            yield from place.told(1, "refused", reason)
            return
        stream.skip(len(held))
        stream.read(1)
    except OSError as error:
        yield from place.told(1, "unreadable", str(error))
        return
    yield from _archive(place, zips.members(Held(held), place.limits))


def _archive(place: _Place, members: Iterator[Member]) -> Iterator[RawDocument]:
    """Yield the documents of an archive; what tells of it as a whole has its own path.

    The position of such a row is the number of the member that it tells of.
    """
    names, limits = Names(), place.limits
    number = total = directories = 0
    try:
        for number, member in enumerate(members, 1):
            total += member.size
            if number > limits.members:
                message = f"the archive has more than {limits.members} members"
                raise OSError(message)  # noqa: TRY301 - as the members do
            directories += member.directory
            files = number - directories
            check_mean(files + directories // _DIRECTORIES, total, "members", limits)
            yield from _member(place, member, number, names)
    except OSError as error:
        yield from place.told(number + 1, "unreadable", error.strerror or str(error))
        return
    if number == directories:
        yield from place.told(1, "skipped", "an archive that holds no file")


def _member(place: _Place, member: Member, number: int, names: Names) -> Iterator[RawDocument]:
    problem, stream = member.problem, member.stream
    if member.directory:
        return
    mine, large = place.share.takes(member.at), member.size > CHUNK
    again = names.add(member.name)
    if not mine and not large:
        return
    unnamed = unwanted(member.name, place.limits)
    if unnamed or again:
        reason = unnamed or "a second member of the same name"
        named = shown(member.name[:_SHOWN_NAME])
        if mine:
            yield place.row(number, "refused", f"member {number}, {named}: {reason}")
        return
    within = replace(
        place,
        path=f"{place.path}{WITHIN}{shown(member.name)}",
        size=member.size,
        depth=place.depth + 1,
        share=place.share if large else WHOLE,
        plain=None,
    )
    if problem or stream is None:
        yield from (within.row(1, *problem),) if problem and mine else ()
        return
    if member.packed is not None:
        most = most_bytes(member.packed, place.limits)
        stream = Bounded(stream, most, place.budget if place.depth else None)
    yield from _content(within, stream)


#: So many directories count as one member: an archive may list all of them before its first file.
_DIRECTORIES = 64

#: How much of a name that is not taken is shown.
_SHOWN_NAME = 80


def _documents(place: _Place, stream: Begun) -> Iterator[RawDocument]:
    """Yield the documents of a stream of unpacked bytes."""
    position, lines, path = 0, place.lines, place.path
    try:
        for position, at, size, raw, reason, pointer in pieces(stream, place.limits, lines=lines):
            if pointer:
                path = f"{place.path}{WITHIN}{pointer}"
            if not place.share.takes(at):
                continue
            if raw is not None:
                yield _found(path, position, raw)
            else:
                # of what was not read to its end, only a plain file tells the size
                size_of = size or place.size
                yield RawDocument(path, position, size_of, None, None, "refused", reason)
        # a file of lines may have none; a file of one document must hold one
        if not position and lines:
            yield from place.told(1, "skipped", NO_LINES, place.size)
        elif not position and place.share.first:
            yield _found(path, 1, b"")
    except OSError as error:
        # all shares meet it; pyarrow raises OSError without a number for a broken archive
        told = replace(place, path=path)
        yield from told.told(position + 1, "unreadable", error.strerror or str(error))


def _found(path: str, position: int, raw: bytes) -> RawDocument:
    return RawDocument(path, position, len(raw), hashlib.sha256(raw).hexdigest(), raw)
