"""Buckets and web servers by the library `obstore`: addresses, requests, and what errors mean.

The library finds the credentials, by its own ways alone, and tries again what fails for a while.
Nothing that it says of an error is shown as it is: it may hold what a request held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.errors import UsageError
from pipeline.extras import import_extra

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

#: What is read at a time, and how many requests of a process are on their way at once.
PART = 4 * 2**20
AHEAD = 16

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

_SCHEMES = ("s3", "gs", "az", "https")
_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")

#: What is said of an object that is not the one that was named.
CHANGED = "it changed after it was listed; the next build reads it"


class Address(NamedTuple):
    """A URL as the library takes it: the address of a store, and a key in it."""

    store: str
    key: str


def is_url(source: bytes) -> bool:
    """Tell whether a source is a URL, and no path."""
    return _URL.match(source) is not None


def address_of(url: str) -> Address:
    """Return the parts of a URL.

    Raises:
        UsageError: it cannot be read, or holds what should not be there.
    """
    scheme, _, rest = url.partition("://")
    host, _, key = rest.partition("/")
    if "@" in host or (scheme == "https" and re.search("[?#]", rest)):
        # it is not repeated: it would stand in logs
        message = (
            f"an address of {scheme}:// holds a user, a password or a query, which may be secret "
            "and would be shown: leave it out; docs/howto/sources.md says where they go"
        )
        raise UsageError(message)
    if scheme not in _SCHEMES:
        known = ", ".join(f"{one}://" for one in _SCHEMES)
        message = f"cannot use the address {url}: name a path, or {known}"
        raise UsageError(message)
    if not host or (scheme == "https" and (not key or key.endswith("/"))):
        message = f"cannot use the address {url}: name a bucket, or on a web server one file"
        raise UsageError(message)
    if scheme == "https":
        return Address(url, "")
    if key and {"", ".", ".."} & set(key.removesuffix("/").split("/")):
        message = f"cannot use the address {url}: a part of its prefix is empty, . or .."
        raise UsageError(message)
    return Address(f"{scheme}://{host}", key)


@cache
def library() -> ModuleType:
    """Return `obstore`.

    Raises:
        UsageError: it is not installed.
    """
    return import_extra("obstore", "cloud", "a source in a bucket or on a web server")


@cache
def store_of(address: str) -> ObjectStore:
    """Return what reads from a bucket or a web server.

    Raises:
        UsageError: the library is not installed.
        OSError: it lacks a setting.
    """
    store = library().store
    with explained(address):
        made: ObjectStore = store.from_url(address, client_options=CLIENT, retry_config=RETRIES)
    return made


def pages(address: Address) -> Iterator[Sequence[ObjectMeta]]:
    """Yield the objects below a prefix, some at a time.

    Raises:
        OSError: the bucket cannot be listed, or not to its end.
    """
    with explained(address.store):
        found = library().list(store_of(address.store), address.key.strip("/") or None)
        while (page := waited(next, found, None)) is not None:
            yield page


def read(address: Address, most: int) -> tuple[bytes, ObjectMeta]:
    """Return a small object, and what the server says of it.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is larger than `most` bytes.
    """
    with explained(address.store):
        result = waited(library().get, store_of(address.store), address.key)
        if result.meta["size"] > most:
            message = f"it has {result.meta['size']} bytes, more than {most}"
            raise OSError(message)
        return bytes(waited(result.bytes)), result.meta


def stream(address: Address) -> Iterator[bytes]:
    """Yield an object, some bytes at a time.

    Raises:
        OSError: it cannot be read, or not to its end.
    """
    with explained(address.store):
        result = waited(library().get, store_of(address.store), address.key)
        chunks = iter(result.stream(min_chunk_size=PART))
        while (chunk := waited(next, chunks, None)) is not None:
            yield bytes(chunk)


def write(address: Address, content: bytes | Path) -> None:
    """Put an object, all or nothing; a large file goes in parts.

    Raises:
        OSError: it cannot be written.
    """
    with explained(address.store):
        waited(library().put, store_of(address.store), address.key, content)


def replace(address: Address, content: bytes, old: ObjectMeta | None) -> bool:
    """Put an object in the place of an old one, or of none; return whether that was still there.

    Raises:
        OSError: it cannot be written.
    """
    errors = library().exceptions
    # Google's buckets know an object by its version, all others by its tag
    known = {name: old[name] for name in ("e_tag", "version") if old[name]} if old else None
    mode: Any = known or "create"
    put = partial(library().put, store_of(address.store), address.key, content, mode=mode)
    with explained(address.store):
        try:
            waited(put)
        except (errors.PreconditionError, errors.AlreadyExistsError):
            # an answer may have been lost, and the request repeated
            size = waited(library().head, store_of(address.store), address.key)["size"]
            return size == len(content) and read(address, len(content))[0] == content
    return True


def delete(store: str, keys: Sequence[str]) -> None:
    """Delete objects; one that is not there is no error.

    Raises:
        OSError: one cannot be deleted.
    """
    with explained(store):
        if keys:
            waited(library().delete, store_of(store), list(keys))


@cache
def pool() -> ThreadPoolExecutor:
    """Return the threads that wait for servers."""
    return ThreadPoolExecutor(AHEAD)


def waited(call: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - as it returns
    """Return what a call of the library returns; Ctrl-C ends the wait, which else it would not."""
    return pool().submit(call, *arguments).result()


#: How many requests to a store failed in a row, in this process.
_failed: dict[str, int] = {}


def failures(store: str) -> int:
    """Return how many requests to a store failed in a row."""
    return _failed.get(store, 0)


def forget() -> None:
    """Forget the servers, and which of them failed: another environment may name others."""
    library.cache_clear()
    store_of.cache_clear()
    _failed.clear()


@contextmanager
def explained(store: str) -> Iterator[None]:
    """Turn an error of the library into an OSError in words of our own; count it for a store."""
    errors = library().exceptions
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
        raise OSError(CHANGED) from None
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
