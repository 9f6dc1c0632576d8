"""The post that tells a web server of a run. Nothing it says shows a secret of the address."""

from __future__ import annotations

import base64
import threading
import time
import urllib.error
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

#: How many seconds a try may take. Two tries end before systemd kills a build that it stops.
TIMEOUT = 10.0
#: How many seconds lie between the tries.
PAUSE = 1.0


def post(url: str, body: str) -> str:
    """Post a JSON text, at most twice.

    Args:
        url: of `http` or `https`. A user and a password in it are sent as `Authorization`.
        body: the text.

    Returns:
        Why it did not arrive, empty if it did. It names the server, but neither user, path nor
        query: each of them may be a secret.
    """
    parts = urlsplit(url)
    request = _request(parts, body)
    reason = _tried(request)
    if reason:
        time.sleep(PAUSE)
        reason = _tried(request)
    return f"the summary was not posted to {parts.scheme}://{_host(parts)}: {reason}" * bool(reason)


def _request(parts: SplitResult, body: str) -> Request:
    headers = {"Content-Type": "application/json", "User-Agent": "pith-etl"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    plain = parts._replace(netloc=_host(parts), fragment="").geturl()
    return Request(plain, body.encode(), headers, method="POST")  # noqa: S310 - `Address` holds it


def _host(parts: SplitResult) -> str:
    """Return host and port, without the user."""
    return parts.netloc.rpartition("@")[2]


def _tried(request: Request) -> str:
    """Send a request; return why it failed, empty if it did not.

    A thread sends it: the time limit of a socket holds for each piece that is read, and not for
    the look-up of a name.
    """
    told: list[str] = []
    thread = threading.Thread(target=lambda: told.append(_sent(request)), daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    return told[0] if told else _late()


def _late() -> str:
    return f"no answer within {TIMEOUT:g} seconds"


def _sent(request: Request) -> str:
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return f"the server answers with {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        # the text of other errors may hold the address
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, TimeoutError):
            return _late()
        return getattr(cause, "strerror", None) or type(cause).__name__


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would give what was posted, and the password, to another server."""

    def redirect_request(
        self,
        _request: Request,
        _stream: IO[bytes],
        _code: int,
        _message: str,
        _headers: HTTPMessage,
        _url: str,
    ) -> None:
        """Follow none."""
