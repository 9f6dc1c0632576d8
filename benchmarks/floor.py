"""The floor: the least work that verifying a dump can take, with no table and no Parquet.

As many processes as CPUs, each reading its share of the files: one `orjson.loads` a document,
the canonical bytes and SHA-256 that the format demands, libsodium once on each signature.
Nothing that verifies can be faster. `python -m benchmarks.floor DIRECTORY KEY_B64`.
"""

from __future__ import annotations

import base64
import hashlib
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

import orjson
from nacl import bindings

_SORTED = orjson.OPT_SORT_KEYS


def digest(value: object) -> bytes:
    """Return the SHA-256 of canonical JSON without floats."""
    return hashlib.sha256(orjson.dumps(value, option=_SORTED)).digest()


def check(key: bytes, message: bytes, signature: str) -> None:
    """Verify one signature."""
    bindings.crypto_sign_open(base64.b64decode(signature) + message, key)


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return an object without some of its keys."""
    return {name: item for name, item in value.items() if name not in names}


def verify(raw: bytes, key: bytes) -> None:
    """Do all that the format demands for a bundle."""
    bundle = orjson.loads(raw)
    canonical = digest(bundle["canonical_record"])
    for event in bundle["events"]:
        content = without(event, "signature", "content_sha256", "event_id")
        check(key, digest(content), event["signature"]["signature_b64"])
        receipt = event["payload"].get("receipt")
        if receipt:
            check(key, canonical, receipt["signature_b64"])
    digest(without(bundle["state"], "state_sha256"))
    signature = bundle["bundle_signature"]["signature_b64"]
    check(key, digest(without(bundle, "bundle_signature")), signature)


def share(paths: list[str], key: bytes) -> int:
    """Verify a share of the files; return how many."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        raw = os.read(descriptor, 2**24)
        os.close(descriptor)
        verify(raw, key)
    return len(paths)


def run(directory: Path, key: bytes, workers: int) -> float:
    """Verify every file below a directory; return the seconds that took."""
    started = time.perf_counter()
    paths = sorted(str(path) for path in directory.rglob("*.json"))
    jobs = [(paths[worker::workers], key) for worker in range(workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.starmap(share, jobs)
    return time.perf_counter() - started


def main() -> None:
    """Print the seconds."""
    seconds = run(Path(sys.argv[1]), base64.b64decode(sys.argv[2]), os.cpu_count() or 1)
    sys.stdout.write(f"{seconds:.3f}\n")


if __name__ == "__main__":
    main()
