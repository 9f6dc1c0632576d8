"""An S3 server on loopback for the tests, and a proxy between it and its clients.

`moto` answers as S3 does. It differs in this: it verifies no signature, refuses keys with a line
break when they are read, sends each listing and object at once, and has no regions, throttling or
errors of its own. The `Wire` in front of it cuts short, slows or refuses what it sends.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

BUCKET = "bucket"

#: The credentials in the environment.
SECRET = "a-secret-that-nobody-may-see"  # noqa: S105 - of no account
KEY_ID = "an-id-that-nobody-may-see"


class Wire:
    """A proxy between a client and a server that can damage or delay the bytes.

    Attributes:
        most: how many bytes of each answer come through before the connection breaks; 0 refuses
            all connections, None passes on everything.
        pause: how many seconds pass before each KiB of an answer.
        requests: the first line of each request.
    """

    def __init__(self, port: int) -> None:
        """Listen in front of a server on loopback."""
        self._behind = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Pass on everything again, and forget what was asked."""
        self.most: int | None = None
        self.pause = 0.0
        self.requests: list[str] = []

    def close(self) -> None:
        """Stop listening."""
        self._listening.close()

    def asked(self, method: str) -> list[str]:
        """Return the addresses that requests of a method named."""
        split = [line.split(" ") for line in self.requests]
        return [address for kind, address, *_ in split if kind == method]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.most != 0:
                with socket.create_connection(self._behind) as server:
                    threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                    self._answer(client, server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        sent = 0
        while data := server.recv(1024):
            time.sleep(self.pause)
            if self.most is not None and sent + len(data) > self.most:
                client.sendall(data[: self.most - sent])
                # so that the client does not take a part for the whole
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(data)
            sent += len(data)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self.requests.append(data.split(b"\r\n", 1)[0].decode("latin-1"))
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)


class Buckets:
    """A running server with a wire in front of it."""

    def __init__(self) -> None:
        """Start the server on a free port."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.wire = Wire(self._server.get_host_and_port()[1])
        # the store of moto itself, without the checks of its HTTP interface
        self._held: Any = None

    def stop(self) -> None:
        """End the server."""
        self.wire.close()
        self._server.stop()

    def begin(self) -> None:
        """Forget all buckets, and make an empty one."""
        self.wire.reset()
        s3_backends.reset()
        self._held = s3_backends["123456789012"]["aws"]
        self._held.create_bucket(BUCKET, "us-east-1")

    def put(self, key: str, content: bytes) -> str:
        """Put an object into the bucket; return its address."""
        self._held.put_object(BUCKET, key, content)
        return f"s3://{BUCKET}/{key}"

    def get(self, key: str) -> bytes:
        """Return an object of the bucket."""
        content: bytes = self._held.get_object(BUCKET, key).value
        return content

    def names(self) -> list[str]:
        """Return the keys of all objects in the bucket."""
        return sorted(self._held.get_bucket(BUCKET).keys)

    def put_all(self, files: Mapping[str, bytes], prefix: str = "") -> None:
        """Put objects into the bucket."""
        for name, content in files.items():
            self.put(f"{prefix}{name}", content)

    def remove(self, key: str) -> None:
        """Remove an object."""
        self._held.delete_object(BUCKET, key)

    @property
    def environment(self) -> dict[str, str]:
        """What the environment must hold for a client to find the server."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.wire.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }
