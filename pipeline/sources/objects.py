"""Objects in buckets and files on web servers: listed by prefix, read by ranges.

The library `obstore` finds the credentials, by its own ways alone, and tries again what fails for
a while. Nothing that it says of an error is shown as it is: it may hold what a request held. An
object that changes after it was listed is not read: each part of it comes with the same tag.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.errors import SourceError, UsageError
from pipeline.extras import import_extra
from pipeline.sources.streams import Whole

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

#: What is read at a time, and of how many objects at once in each process.
PART = 4 * 2**20
AHEAD = 16

#: How many parts of an object are held: of a zip archive, its directory and some members.
_HELD = 4

#: After so many requests in a row that failed in spite of all retries, a server counts as gone:
#: what else is on it is not tried any more, or a night would last for days.
_GONE = AHEAD

#: How a request is made, and how often it is repeated. None leaves the first to the library, which
#: allows it 30 seconds and looks into the environment.
CLIENT: Any = None
RETRIES: Any = {
    "max_retries": 10,
    "retry_timeout": timedelta(minutes=2),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=15),
        "base": 2,
    },
}

#: How a tag begins that need not change with each byte.
_WEAK = "W/"

_SCHEMES = ("s3", "gs", "az", "https")
_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")


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


class _Address(NamedTuple):
    """A URL as the library takes it: the address of a store, and a key in it."""

    store: str
    key: str


# -- addresses --------------------------------------------------------------------------------


def is_url(source: bytes) -> bool:
    """Tell whether a source is a URL, and no path."""
    return _URL.match(source) is not None


def _address(url: str) -> _Address:
    """Return the parts of a URL.

    Raises:
        UsageError: it cannot be read, or holds what should not be there.
    """
    scheme, _, rest = url.partition("://")
    host, _, key = rest.partition("/")
    if "@" in host or (scheme == "https" and re.search("[?#]", rest)):
        # it is not repeated: it would stand in logs
        message = (
            f"a source of {scheme}:// holds a user, a password or a query, which may be secret and "
            "would stand in the tables: leave it out; docs/guide.md says where credentials belong"
        )
        raise UsageError(message)
    if scheme not in _SCHEMES:
        known = ", ".join(f"{one}://" for one in _SCHEMES)
        message = f"cannot read the source {url}: name a path, or {known}"
        raise UsageError(message)
    if not host or (scheme == "https" and (not key or key.endswith("/"))):
        message = f"cannot read the source {url}: name a bucket, or on a web server one file"
        raise UsageError(message)
    if scheme == "https":
        return _Address(url, "")
    if key and {"", ".", ".."} & set(key.removesuffix("/").split("/")):
        message = f"cannot read the source {url}: a part of its prefix is empty, . or .."
        raise UsageError(message)
    return _Address(f"{scheme}://{host}", key)


@cache
def _library() -> ModuleType:
    """Return `obstore`.

    Raises:
        UsageError: it is not installed.
    """
    return import_extra("obstore", "cloud", "a source in a bucket or on a web server")


@cache
def _store(address: str) -> ObjectStore:
    """Return what reads from a bucket or a web server.

    Raises:
        UsageError: the library is not installed.
        OSError: it lacks a setting.
    """
    store = _library().store
    with _explained(address):
        made: ObjectStore = store.from_url(address, client_options=CLIENT, retry_config=RETRIES)
    return made


# -- listing ----------------------------------------------------------------------------------


def settled(url: str) -> str:
    """Return a URL that ends in `/` if it is a bucket or a prefix in it; else it is an object's.

    Raises:
        UsageError: it is no address, or the library is not installed.
        SourceError: the bucket cannot be listed.
    """
    address = _address(url)
    if url.startswith("https:") or address.key.endswith("/"):
        return url
    if not address.key:
        return f"{address.store}/"
    with _naming(url):
        return f"{url}/" if next(pages(address), []) else url


def listed(url: str) -> Iterator[Object]:
    """Return what yields an object, or all objects below a prefix that ends in `/`.

    The last one may be a problem instead.

    Raises:
        UsageError: it is no address, or the library is not installed.
        SourceError: there is no such object, or the bucket cannot be listed; at once.
    """
    address = _address(url)
    with _naming(url):
        if not url.endswith("/"):
            return iter([_object(address, _head(address))])
        rest = pages(address)
        return _below(address, url, next(rest, []), rest)


def pages(address: _Address) -> Iterator[Sequence[ObjectMeta]]:
    """Yield the objects below a prefix, some at a time.

    Raises:
        OSError: the bucket cannot be listed, or not to its end.
    """
    with _explained(address.store):
        found = _library().list(_store(address.store), address.key.strip("/") or None)
        while (page := _waited(next, found, None)) is not None:
            yield page


def _head(address: _Address) -> ObjectMeta:
    with _explained(address.store):
        meta: ObjectMeta = _waited(_library().head, _store(address.store), address.key)
    return meta


def _below(
    address: _Address,
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


def _is_marker(address: _Address) -> bool:
    """Tell whether an empty object only marks a directory: the library lists `a/` as `a`."""
    try:
        return _head(address)["size"] > 0
    except FileNotFoundError:
        return True


def _object(address: _Address, meta: ObjectMeta) -> Object:
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
        number = self._at // PART
        if (number + 1) * PART < self.size:
            self._parts.begin(number + 1)
        data = self.at(self._at, min(size, (number + 1) * PART - self._at))
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
            number, start = divmod(offset, PART)
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
            self._held[number] = _pool().submit(fetch, self._found, number)
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


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AHEAD)


def _waited(call: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - as it returns
    """Return what a call of the library returns; Ctrl-C ends the wait, which else it would not."""
    return _pool().submit(call, *arguments).result()


#: How many requests to a store failed in a row, in this process.
_failed: dict[str, int] = {}


def fetch(found: Object, number: int) -> bytes:
    """Fetch a part of an object.

    Raises:
        OSError: it cannot be read, or the object is not the one that was listed.
    """
    address = _address(found.address)
    if _failed.get(address.store, 0) >= _GONE:
        message = "not tried, because the server failed too often"
        raise OSError(message)
    start = number * PART
    end = min(start + PART, found.size)
    # not all web servers can send a part
    options = {"range": (start, end)} if found.size > PART else {}
    with _explained(address.store):
        result = _library().get(_store(address.store), address.key, options=options)
        if (result.meta["size"], _tag(result.meta)) != (found.size, found.tag):
            raise OSError(_CHANGED)
        data = bytes(result.bytes())
    if len(data) != end - start:
        message = f"the server sent {len(data)} bytes of {end - start}"
        raise OSError(message)
    return data


_CHANGED = "it changed after it was listed; the next build reads it"


def forget() -> None:
    """Forget the servers, and which of them failed: another environment may name others."""
    _library.cache_clear()
    _store.cache_clear()
    _failed.clear()


# -- errors -----------------------------------------------------------------------------------


@contextmanager
def _naming(url: str) -> Iterator[None]:
    """Turn an error into one that names the source."""
    try:
        yield
    except OSError as error:
        message = f"cannot read the source {url}: {error}"
        raise SourceError(message) from None


@contextmanager
def _explained(store: str) -> Iterator[None]:
    """Turn an error of the library into an OSError in words of our own; count it for a store."""
    errors = _library().exceptions
    try:
        yield
        _failed.pop(store, None)
    except errors.InvalidPathError as error:
        # the first lines of the error name the key
        reason = str(error).partition("\n\n")[0]
        message = f"one of the keys cannot be read; delete it: {reason}"
        raise OSError(message) from None
    except (errors.NotFoundError, FileNotFoundError):
        raise FileNotFoundError("No such object") from None  # noqa: TRY003, EM101 - as the system says
    except errors.PreconditionError:
        raise OSError(_CHANGED) from None
    except errors.NotSupportedError:
        message = f"the web server sends no parts of a file, and this has more than {PART} bytes"
        raise OSError(message) from None
    except (errors.BaseError, ValueError) as error:
        _failed[store] = _failed.get(store, 0) + 1
        raise OSError(_told(str(error))) from None


#: What the library says, and what it means.
_MEANINGS = (
    (
        r"169\.254\.|metadata\.google|Account must be spec|authorizing|oauth",
        "no credentials are set",
    ),
    (
        r"BadScheme",
        "it leads to http://; for an endpoint of your own, AWS_ALLOW_HTTP=true allows it",
    ),
    (r"status code: (\d{3})[^<]*(?:.*?<Code>(\w{1,60})</Code>)?", "the server answers with {}"),
    (r"without LOCATION", "the bucket is in another region: set its region"),
    (r"timed out|operation timed|Timeout", "the server does not answer in time"),
    (r"error sending request|connect|dns", "the server cannot be reached"),
    (r"decod|body|Incomplete", "the answer of the server breaks off"),
)


def _told(text: str) -> str:
    """Return what an error of the library means, without what was sent or received."""
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, text, re.DOTALL):
            return meaning.format(" ".join(filter(None, found.groups())))
    return "the server cannot be read"
