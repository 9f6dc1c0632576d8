"""`pith-etl build --notify URL`: what arrives, and that a failing server changes nothing."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.cli import notify
from tests.console import Build
from tests.site import REAL, RECORD, Site

#: What no output may hold.
SECRETS = ("SECRET_USER", "SECRET_WORD", "SECRET_PATH", "SECRET_TOKEN")


class Receiver:
    """A running web server on loopback.

    Attributes:
        answers: the codes of its next answers, and 200 after them; 0 gives none until `free`.
        got: the path, the headers and the body of what was posted.
        port: where it listens.
    """

    def __init__(self) -> None:
        """Start it on a free port."""
        self.answers: list[int] = []
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self._free = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                code = receiver.answers.pop(0) if receiver.answers else 200
                if code == 0:
                    receiver._free.wait()
                    return
                self.send_response(code)
                if code // 100 == 3:
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """An address of it that is full of secrets."""
        return f"http://SECRET_USER:SECRET_WORD@127.0.0.1:{self.port}/SECRET_PATH?t=SECRET_TOKEN"

    def close(self) -> None:
        """End it, and whatever still waits."""
        self._free.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Return a server, and let the command try again at once."""
    monkeypatch.setattr(notify, "PAUSE", 0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    started = Receiver()
    yield started
    started.close()


def test_what_json_prints_is_posted(built_site: Site, rebuild: Build, receiver: Receiver) -> None:
    """One request has the summary as JSON, and the user of the address as basic credentials."""
    built_site.put("refused.json", REAL[RECORD][:2000])
    finished = rebuild("--json", "--notify", receiver.url)
    ((path, headers, body),) = receiver.got
    assert (finished.code, finished.errors) == (3, "")
    assert json.loads(body) == json.loads(finished.output)
    assert json.loads(body)["exit_code"] == 3
    assert path == "/SECRET_PATH?t=SECRET_TOKEN"
    assert headers["Content-Type"] == "application/json"
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic "))
    assert pair == b"SECRET_USER:SECRET_WORD"


def test_the_address_may_stand_in_the_environment(
    rebuild: Build, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PITH_ETL_NOTIFY` names it, so that a list of processes does not show it."""
    monkeypatch.setenv("PITH_ETL_NOTIFY", receiver.url)
    assert rebuild().code == 0
    assert len(receiver.got) == 1


def test_a_server_that_fails_once_is_tried_again(rebuild: Build, receiver: Receiver) -> None:
    """The second request has the same body, and no error is printed."""
    receiver.answers = [500]
    finished = rebuild("--notify", receiver.url)
    assert (finished.code, finished.errors) == (0, "")
    first, second = receiver.got
    assert first[2] == second[2]


def _refusing() -> str:
    """Return an address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (500, "the server answers with 500"),
        (404, "the server answers with 404"),
        (302, "the server answers with 302"),
        (0, "no answer within 0.2 seconds"),
        (None, "Connection refused"),
    ],
)
def test_a_post_that_fails_is_a_warning_without_secrets(  # noqa: PLR0913, PLR0917 - of pytest
    built_site: Site,
    rebuild: Build,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    answer: int | None,
    reason: str,
) -> None:
    """The exit code is 0; the warning names the host and the reason, and holds no secret."""
    monkeypatch.setattr(notify, "TIMEOUT", 0.2 if answer == 0 else 10)
    where = _refusing() if answer is None else f"127.0.0.1:{receiver.port}"
    receiver.answers = [answer or 0] * 2
    url = receiver.url.replace(f"127.0.0.1:{receiver.port}", where)
    finished = rebuild("--log-format", form, "--notify", url)
    assert finished.code == 0
    assert f"the summary was not posted to http://{where}: {reason}" in finished.errors
    assert len(receiver.got) == (0 if answer is None else 2)
    kept = (built_site.warehouse / "attempts.jsonl").read_text()
    told = finished.errors + finished.output + kept
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("broken", [False, True])
def test_a_run_that_fails_is_posted_with_its_reason(
    built_site: Site, rebuild: Build, receiver: Receiver, *, broken: bool
) -> None:
    """The message and the exit code are those of the failure, also where the post fails."""
    for path in built_site.mirror.iterdir():
        path.unlink()
    receiver.answers = [500, 500] * broken
    finished = rebuild("--notify", receiver.url)
    facts = json.loads(receiver.got[-1][2])
    assert finished.code == facts["exit_code"] == 1
    assert (facts["published"], facts["snapshot"]) == (False, "")
    assert facts["notices"][0] in finished.errors.splitlines()[-1]
    assert ("was not posted" in finished.errors) == broken


def test_a_file_that_cannot_be_written_is_posted(
    built_site: Site, rebuild: Build, receiver: Receiver
) -> None:
    """The summary of a run that published and then failed says both."""
    (built_site.mirror / RECORD).unlink()
    full = "/dev/full"
    finished = rebuild("--max-shrink", 100, "--report", full, "--notify", receiver.url)
    ((_, _, body),) = receiver.got
    facts = json.loads(body)
    assert (finished.code, facts["exit_code"], facts["published"]) == (1, 1, True)
    assert "/dev/full cannot be written" in facts["notices"][-1]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "SECRET_TOKEN",
        "ftp://SECRET_USER@host/",
        "file:///SECRET_PATH",
        "http:///SECRET_PATH",
        "https://SECRET_USER:SECRET_WORD/",
        "http://[SECRET_TOKEN",
        "http://host/SECRET_PATH\r\nX: y",
        "http://host/SECRET_PATH x",
        "http://höst/SECRET_PATH",
        "http://host:0/SECRET_PATH",
    ],
)
@pytest.mark.parametrize("place", ["option", "environment"])
def test_an_invalid_address_is_wrong_usage(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch, url: str, place: str
) -> None:
    """It is refused before anything is built, and not shown."""
    if place == "environment":
        monkeypatch.setenv("PITH_ETL_NOTIFY", url)
    finished = build(*(("--notify", url) if place == "option" else ()))
    if place == "environment" and not url:
        # a variable that is empty is not set
        assert finished.code == 0
        return
    assert finished.code == 2
    assert "an address is http://HOST/… or https://HOST/…" in finished.errors
    assert not site.warehouse.exists()
    assert [secret for secret in SECRETS if secret in finished.errors + finished.output] == []
