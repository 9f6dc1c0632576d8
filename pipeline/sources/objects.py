"""Objects in buckets and files on web servers: listed by prefix, read by ranges.

An object that changes after it was listed is not read: each part of it comes with the same tag.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pipeline import buckets
from pipeline.errors import SourceError
from pipeline.sources.streams import Whole

if TYPE_CHECKING:
    from obstore import ObjectMeta

#: How many parts of an object are held: of a zip archive, its directory and some members.
_HELD = 4

#: After so many requests in a row that failed in spite of all retries, a server counts as gone:
#: what else is on it is not tried any more, or a night would last for days.
_GONE = buckets.AHEAD

#: How a tag begins that need not change with each byte.
_WEAK = "W/"


class Object(NamedTuple):
    """An object as a server lists it.

    Attributes:
        address: its URL.
        size: its bytes.
        tag: by which a server tells its contents apart.
        problem: why there may be more objects below this address that cannot be listed, else None.
    """

    address: str
    size: int
    tag: str
    problem: str | None = None

    @property
    def is_tagged(self) -> bool:
        """Whether the tag changes with each byte: a weak one may not."""
        return not self.tag.startswith(_WEAK)


# -- listing ----------------------------------------------------------------------------------


def settled(url: str) -> str:
    """Return a URL that ends in `/` if it is a bucket or a prefix in it; else it is an object's.

    Raises:
        UsageError: it is no address, or the library is not installed.
        SourceError: the bucket cannot be listed.
    """
    address = buckets.address_of(url)
    if url.startswith("https:") or address.key.endswith("/"):
        return url
    if not address.key:
        return f"{address.store}/"
    with _naming(url):
        return f"{url}/" if next(buckets.pages(address), []) else url


def listed(url: str) -> Iterator[Object]:
    """Return what yields an object, or all objects below a prefix that ends in `/`.

    The last one may be a problem instead.

    Raises:
        UsageError: it is no address, or the library is not installed.
        SourceError: there is no such object, or the bucket cannot be listed; at once.
    """
    address = buckets.address_of(url)
    with _naming(url):
        if not url.endswith("/"):
            return iter([_object(address, _head(address))])
        rest = buckets.pages(address)
        return _below(address, url, next(rest, []), rest)


def _head(address: buckets.Address) -> ObjectMeta:
    with buckets.explained(address.store):
        meta: ObjectMeta = buckets.waited(
            buckets.library().head, buckets.store_of(address.store), address.key
        )
    return meta


def _below(
    address: buckets.Address,
    url: str,
    first: Sequence[ObjectMeta],
    rest: Iterator[Sequence[ObjectMeta]],
) -> Iterator[Object]:
    try:
        for meta in chain(first, chain.from_iterable(rest)):
            if meta["size"] or not _is_marker(address._replace(key=meta["path"])):
                yield _object(address, meta)
    except OSError as error:
        yield Object(url.rstrip("/"), 0, "", str(error))


def _is_marker(address: buckets.Address) -> bool:
    """Tell whether an empty object only marks a directory: the library lists `a/` as `a`."""
    try:
        return _head(address)["size"] > 0
    except FileNotFoundError:
        return True


def _object(address: buckets.Address, meta: ObjectMeta) -> Object:
    key = meta["path"]
    return Object(f"{address.store}/{key}" if key else address.store, meta["size"], _tag(meta))


def _tag(meta: ObjectMeta) -> str:
    # Azure lists it without the quotes with which it sends it
    weak = f"{_WEAK}{meta['last_modified'].isoformat()}"
    return (meta["e_tag"] or weak).strip('"')


# -- reading ----------------------------------------------------------------------------------


class Remote(Whole):
    """An object, read as a file; its first part is asked for at once."""

    def __init__(self, found: Object) -> None:
        """Begin to read."""
        self.size, self._found, self._at = found.size, found, 0
        self._parts = _Parts(found)
        if self.size:
            self._parts.begin(0)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; meanwhile the next part is fetched.

        Raises:
            OSError: they cannot be read, or the object changed.
        """
        number = self._at // buckets.PART
        if (number + 1) * buckets.PART < self.size:
            self._parts.begin(number + 1)
        data = self.at(self._at, min(size, (number + 1) * buckets.PART - self._at))
        self._at += len(data)
        return data

    def skip(self, size: int) -> int:
        """Pass over up to `size` bytes without reading them; return how many."""
        skipped = min(size, self.size - self._at)
        self._at += skipped
        return skipped

    def at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from a place, none behind the end.

        Raises:
            OSError: they cannot be read, or the object changed.
        """
        end, found = min(offset + size, self.size), []
        while offset < end:
            number, start = divmod(offset, buckets.PART)
            found.append(self._parts.get(number)[start : start + end - offset])
            offset += len(found[-1])
        return b"".join(found)

    def close(self) -> None:
        """Forget what was read."""
        self._parts.clear()


class _Parts:
    """The parts of an object that are on their way, or were read last."""

    def __init__(self, found: Object) -> None:
        self._found = found
        self._held: OrderedDict[int, Future[bytes]] = OrderedDict()

    def begin(self, number: int) -> Future[bytes]:
        """Ask for a part."""
        if number not in self._held:
            self._held[number] = buckets.pool().submit(fetch, self._found, number)
            if len(self._held) > _HELD:
                self._held.popitem(last=False)[1].cancel()
        self._held.move_to_end(number)
        return self._held[number]

    def get(self, number: int) -> bytes:
        """Return a part, when it is there."""
        return self.begin(number).result()

    def clear(self) -> None:
        for part in self._held.values():
            part.cancel()
        self._held.clear()


def fetch(found: Object, number: int) -> bytes:
    """Fetch a part of an object.

    Raises:
        OSError: it cannot be read, or the object is not the one that was listed.
    """
    address = buckets.address_of(found.address)
    if buckets.failures(address.store) >= _GONE:
        message = "not tried, because the server failed too often"
        raise OSError(message)
    start = number * buckets.PART
    end = min(start + buckets.PART, found.size)
    # not all web servers can send a part
    options = {"range": (start, end)} if found.size > buckets.PART else {}
    with buckets.explained(address.store):
        result = buckets.library().get(
            buckets.store_of(address.store), address.key, options=options
        )
        if (result.meta["size"], _tag(result.meta)) != (found.size, found.tag):
            raise OSError(buckets.CHANGED)
        data = bytes(result.bytes())
    if len(data) != end - start:
        message = f"the server sent {len(data)} bytes of {end - start}"
        raise OSError(message)
    return data


@contextmanager
def _naming(url: str) -> Iterator[None]:
    """Turn an error into one that names the source."""
    try:
        yield
    except OSError as error:
        message = f"cannot read the source {url}: {error}"
        raise SourceError(message) from None
