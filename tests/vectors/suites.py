"""The public test vectors as cases, and the verdicts on them that the tables pin.

`python -m tests.vectors.suites` writes the tables anew, after a change that is meant.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl import bindings
from nacl.exceptions import BadSignatureError

from pipeline.documents.ijson import RefusedError, parse
from tests.paths import PINNED, VECTORS

JSON_TABLE = PINNED / "jsontestsuite.csv"
JSON_COLUMNS = ("folder", "file", "verdict")
SIGNATURE_TABLE = PINNED / "ed25519.csv"
SIGNATURE_COLUMNS = ("suite", "case", "libsodium", "cryptography")


class SignatureCase(NamedTuple):
    """A signature to judge; key and signature may have any length."""

    suite: str
    case: str
    key: bytes
    message: bytes
    signature: bytes


def json_files(vectors: Path, folder: str) -> dict[str, bytes]:
    """Return the files of a folder of JSONTestSuite, by name."""
    files = sorted((vectors / "jsontestsuite" / folder).glob("*.json"))
    return {file.name: file.read_bytes() for file in files}


def json_rows(vectors: Path) -> list[tuple[str, ...]]:
    """Return our verdict on every file of JSONTestSuite, as the table has them."""
    return [
        (folder, name, _word(accepted=_parses(raw)))
        for folder in ("test_parsing", "test_transform")
        for name, raw in json_files(vectors, folder).items()
    ]


def _parses(raw: bytes) -> bool:
    try:
        parse(raw)
    except RefusedError:
        return False
    return True


def signature_cases(vectors: Path) -> list[SignatureCase]:
    """Return the Ed25519 cases of Wycheproof, speccheck and CCTV."""
    return [*_wycheproof(vectors), *_speccheck(vectors), *_cctv(vectors)]


def _wycheproof(vectors: Path) -> Iterator[SignatureCase]:
    suite = json.loads((vectors / "wycheproof" / "ed25519_test.json").read_bytes())
    for group in suite["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
            yield SignatureCase("wycheproof", str(test["tcId"]), key, message, signature)


def _speccheck(vectors: Path) -> Iterator[SignatureCase]:
    cases = json.loads((vectors / "speccheck" / "cases.json").read_bytes())
    for index, case in enumerate(cases):
        parts = (bytes.fromhex(case[name]) for name in ("pub_key", "message", "signature"))
        yield SignatureCase("speccheck", str(index), *parts)


def _cctv(vectors: Path) -> Iterator[SignatureCase]:
    for case in json.loads((vectors / "cctv-ed25519" / "ed25519vectors.json").read_bytes()):
        key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        yield SignatureCase("cctv", str(case["number"]), key, case["msg"].encode(), signature)


def libsodium(case: SignatureCase) -> bool:
    """Tell what libsodium says; lengths are checked first, as its binding does not do it."""
    if len(case.key) != 32 or len(case.signature) != 64:
        return False
    try:
        return bindings.crypto_sign_open(case.signature + case.message, case.key) == case.message
    except BadSignatureError:
        return False


def openssl(case: SignatureCase) -> bool:
    """Tell what OpenSSL says, by way of `cryptography`."""
    try:
        Ed25519PublicKey.from_public_bytes(case.key).verify(case.signature, case.message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signature_rows(vectors: Path) -> list[tuple[str, ...]]:
    """Return both libraries' verdicts on every case, as the table has them."""
    return [
        (case.suite, case.case, _word(accepted=libsodium(case)), _word(accepted=openssl(case)))
        for case in signature_cases(vectors)
    ]


def _word(*, accepted: bool) -> str:
    return "accepted" if accepted else "refused"


def pinned(table: Path) -> list[tuple[str, ...]]:
    """Return the rows of a committed table, without its header."""
    with table.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


def write(table: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Write a table anew."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    table.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    write(JSON_TABLE, JSON_COLUMNS, json_rows(VECTORS))
    write(SIGNATURE_TABLE, SIGNATURE_COLUMNS, signature_rows(VECTORS))
