"""A small web server on loopback, over TLS, that also answers as Google's and Azure's stores do.

It holds files by their paths and sends parts of them. It knows what a client of this program asks
for and no more: no credentials, no pages of a listing, no versions.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CHANGED = "Sun, 01 Nov 2026 00:00:00 GMT"


class Web:
    """A running server.

    Attributes:
        files: what it holds, by path.
        tag: how it tags contents: `strong`, `weak` or `none`.
        ranges: whether it sends parts of a file.
        moved: where it sends whoever asks for a path.
        asked: what was asked of it: the method and the path.
        certificate: what its clients must trust.
    """

    def __init__(self, directory: Path, *, tls: bool) -> None:
        """Start it on a free port; a directory receives its certificate."""
        self.reset()
        web = self

        class Handler(_Handler):
            served = web

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.certificate = b""
        if tls:
            self.certificate, chain = _certificate(), directory / "chain.pem"
            chain.write_bytes(self.certificate)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.address = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        """Forget all files, and answer as at the start."""
        self.files: dict[str, bytes] = {}
        self.tag, self.ranges = "strong", True
        self.moved: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def tag_of(self, content: bytes) -> str | None:
        """Return the tag of a content."""
        quoted = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        return {"strong": quoted, "weak": f"W/{quoted}", "none": None}[self.tag]

    def listing(self, path: str, query: dict[str, list[str]]) -> bytes | None:
        """Return the listing of a bucket, or None where none is asked for."""
        start = f"{path.rstrip('/')}/{query.get('prefix', [''])[0]}"
        found = {name: raw for name, raw in self.files.items() if name.startswith(start)}
        keys = {name[len(path.rstrip("/")) + 1 :]: raw for name, raw in sorted(found.items())}
        if query.get("list-type") == ["2"]:
            rows = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-01T00:00:00.000Z"
                f"</LastModified><ETag>{self.tag_of(raw)}</ETag><Size>{len(raw)}</Size></Contents>"
                for key, raw in keys.items()
            )
            return f"<ListBucketResult>{rows}</ListBucketResult>".encode()
        if query.get("comp") == ["list"]:
            rows = "".join(
                f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{_CHANGED}"
                f"</Last-Modified><Etag>{str(self.tag_of(raw)).strip(chr(34))}</Etag>"
                f"<Content-Length>{len(raw)}</Content-Length>"
                "<Content-Type>text/plain</Content-Type></Properties></Blob>"
                for key, raw in keys.items()
            )
            return (
                f"<EnumerationResults><Blobs>{rows}</Blobs><NextMarker/></EnumerationResults>"
            ).encode()
        return None


class _Handler(BaseHTTPRequestHandler):
    served: Web
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _answer(self) -> None:
        asked = urlsplit(self.path)
        path, query = unquote(asked.path), parse_qs(asked.query)
        self.served.asked.append((self.command, path))
        listing = self.served.listing(path, query)
        raw = self.served.files.get(path)
        if path in self.served.moved:
            self._send(302, b"", {"Location": self.served.moved[path]})
        elif listing is not None:
            self._send(200, listing, {"Content-Type": "application/xml"})
        elif raw is None:
            self._send(404, b"", {})
        else:
            self._file(raw)

    def _file(self, raw: bytes) -> None:
        tag = self.served.tag_of(raw)
        headers = {"Last-Modified": _CHANGED} | ({"ETag": tag} if tag else {})
        wanted = self.headers.get("Range") or self.headers.get("x-ms-range")
        if wanted and self.served.ranges:
            first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
            part = raw[first : last + 1]
            end = first + len(part) - 1
            self._send(206, part, headers | {"Content-Range": f"bytes {first}-{end}/{len(raw)}"})
        else:
            self._send(200, raw, headers)

    def _send(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _certificate() -> bytes:
    """Return a key and a certificate of loopback, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
