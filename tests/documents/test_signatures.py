"""The verdicts on signatures: those of libsodium, and one for every hostile value."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from pipeline.documents import signatures
from pipeline.documents.keyring import load
from pipeline.documents.signatures import (
    SIGNATURE_BYTES,
    Claim,
    TriedSignature,
    decode_base64,
    holds,
    verdicts,
)
from pipeline.resources import default_keyring
from pipeline.vocabulary import SignatureVerdict, words
from tests.json_values import TEXTS
from tests.paths import SAMPLES
from tests.vectors.suites import (
    SIGNATURE_TABLE,
    libsodium,
    pinned,
    signature_cases,
    signature_rows,
)

#: The order of the group that Ed25519 signs in (RFC 8032, section 5.1).
ORDER = 2**252 + 27742317777372353535851937790883648493


def signed_by(key: SigningKey, digest: str) -> bytes:
    """Return a key's signature over the raw bytes of a digest in hex."""
    return key.sign(bytes.fromhex(digest)).signature


OURS, OTHER = SigningKey(b"\x01" * 32), SigningKey(b"\x02" * 32)
KEY, OTHER_KEY = bytes(OURS.verify_key), bytes(OTHER.verify_key)
DIGEST, STATED = hashlib.sha256(b"content").hexdigest(), hashlib.sha256(b"stated").hexdigest()
SIGNATURE = signed_by(OURS, DIGEST)


def text(data: bytes) -> str:
    """Return bytes in standard base64."""
    return base64.b64encode(data).decode()


def claim(**changes: Any) -> Claim:  # noqa: ANN401 - each field has its type, and tests break it
    """Return a claim that holds, but for the changes."""
    honest = Claim(
        algorithm="ed25519",
        signature_status="signed_v1",
        signed_message="canonical_sha256_bytes",
        expected_message="canonical_sha256_bytes",
        signature_b64=text(SIGNATURE),
        digest_computed=DIGEST,
        digest_stated=DIGEST,
        candidates=[KEY],
    )
    return honest._replace(**changes)


def judge(*claims: Claim) -> list[TriedSignature]:
    """Return the (verdict, key) of each claim."""
    return verdicts(claims)


def with_scalar_plus_order(signature: bytes) -> bytes:
    """Return the signature with the same scalar written beyond the group's order."""
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


# -- the public vectors -----------------------------------------------------------------------


def test_suites_are_whole(vectors: Path) -> None:
    """Wycheproof, speccheck and CCTV are here with all of their cases."""
    count = Counter(case.suite for case in signature_cases(vectors))
    assert count == {"wycheproof": 151, "speccheck": 12, "cctv": 914}


def test_suites_verdicts(vectors: Path) -> None:
    """Both libraries say of every case what the table pins; a new difference fails."""
    assert signature_rows(vectors) == pinned(SIGNATURE_TABLE)


def test_suites_hold_as_libsodium_says(vectors: Path) -> None:
    """Our verdict on every case is libsodium's, and the pinned one."""
    cases = signature_cases(vectors)
    ours = [holds(case.key, case.message, case.signature) for case in cases]
    assert ours == [libsodium(case) for case in cases]
    assert ours == [row[2] == "accepted" for row in pinned(SIGNATURE_TABLE)]


def test_suites_as_claims(vectors: Path) -> None:
    """Judged together as claims, the cases over a digest get the verdicts they get alone."""
    rows = zip(signature_cases(vectors), pinned(SIGNATURE_TABLE), strict=True)
    over_digests = [(case, row[2]) for case, row in rows if len(case.message) == 32]
    claims = [
        claim(
            signature_b64=text(case.signature),
            digest_computed=case.message.hex(),
            digest_stated=None,
            candidates=[case.key],
        )
        for case, _ in over_digests
    ]
    words = {"holds": "accepted", "invalid": "refused", "malformed": "refused"}
    assert [words[verdict] for verdict, _ in judge(*claims)] == [said for _, said in over_digests]
    assert len(over_digests) > 9


def test_libraries_differ() -> None:
    """The table lists where libsodium and OpenSSL differ: nowhere in Wycheproof."""
    count = Counter((row[0], row[2], row[3]) for row in pinned(SIGNATURE_TABLE))
    assert count == {
        ("wycheproof", "accepted", "accepted"): 88,
        ("wycheproof", "refused", "refused"): 63,
        ("speccheck", "accepted", "accepted"): 1,
        ("speccheck", "refused", "accepted"): 4,
        ("speccheck", "refused", "refused"): 7,
        ("cctv", "accepted", "accepted"): 43,
        ("cctv", "refused", "accepted"): 208 - 43,
        ("cctv", "refused", "refused"): 914 - 208,
    }


def test_wycheproof_results(vectors: Path) -> None:
    """Our verdict on every case of Wycheproof is the one that the suite demands."""
    suite = json.loads((vectors / "wycheproof" / "ed25519_test.json").read_bytes())
    tests = [test for group in suite["testGroups"] for test in group["tests"]]
    demanded = {str(test["tcId"]): test["result"] == "valid" for test in tests}
    rows = pinned(SIGNATURE_TABLE)
    assert demanded == {row[1]: row[2] == "accepted" for row in rows if row[0] == "wycheproof"}


# -- one signature ----------------------------------------------------------------------------


def test_lengths_are_checked() -> None:
    """Only a key of 32 bytes and a signature of 64 can hold: longer and shorter ones do not."""
    digest = bytes.fromhex(DIGEST)
    assert holds(KEY, digest, SIGNATURE)
    assert not holds(KEY + b"\0", digest, SIGNATURE)
    assert not holds(KEY[:-1], digest, SIGNATURE)
    assert not holds(b"", digest, SIGNATURE)
    assert not holds(KEY, digest, b"")
    # the binding itself would take the signature's end for the start of the message
    assert not holds(KEY, digest[1:], SIGNATURE + digest[:1])
    assert not holds(KEY, SIGNATURE[-1:] + digest, SIGNATURE[:-1])


@given(st.integers(0, 64 * 8 - 1), st.integers(0, 32 * 8 - 1), st.integers(0, 32 * 8 - 1))
def test_every_bit_counts(in_signature: int, in_digest: int, in_key: int) -> None:
    """A signature with any bit of it, of its digest or of its key turned over does not hold."""
    digest = bytes.fromhex(DIGEST)
    assert not holds(KEY, digest, flipped(SIGNATURE, in_signature))
    assert not holds(KEY, flipped(digest, in_digest), SIGNATURE)
    assert not holds(flipped(KEY, in_key), digest, SIGNATURE)


def flipped(data: bytes, bit: int) -> bytes:
    """Return bytes with one bit turned over."""
    number = int.from_bytes(data, "little") ^ (1 << bit)
    return number.to_bytes(len(data), "little")


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        "",
        text(SIGNATURE)[:-1],  # padding cut off
        text(SIGNATURE)[:-2],
        text(SIGNATURE) + "=",
        text(SIGNATURE) + "\n",
        " " + text(SIGNATURE),
        text(SIGNATURE)[:40] + "\n" + text(SIGNATURE)[40:],
        text(SIGNATURE)[:40] + " " + text(SIGNATURE)[41:],
        text(SIGNATURE)[:40] + "=" + text(SIGNATURE)[41:],
        "-_" + text(SIGNATURE)[2:],  # the alphabet for URLs
        text(SIGNATURE)[:-3] + "R==",  # stray bits before the padding
        "é" + text(SIGNATURE)[1:],
        "\uff21" + text(SIGNATURE)[1:],  # a full-width A
        "\0" + text(SIGNATURE)[1:],
        text(SIGNATURE[:-1]),
        text(SIGNATURE + b"\0"),
        SIGNATURE.hex(),
        "AAAA" * 100_000,
    ],
    ids=lambda value: ascii(value)[-24:],
)
def test_hostile_base64(hostile: str | None) -> None:
    """Base64 in another spelling or of another length is neither a signature nor a key."""
    assert decode_base64(hostile, SIGNATURE_BYTES) is None
    assert judge(claim(signature_b64=hostile)) == [("malformed" if hostile else "missing", None)]


@given(st.binary(min_size=64, max_size=64))
def test_base64_of_the_right_length(data: bytes) -> None:
    """Standard base64 of 64 bytes is those bytes, and no key of 32."""
    assert decode_base64(text(data), 64) == data
    assert decode_base64(text(data), 32) is None


def test_last_bits_of_base64() -> None:
    """Lenient decoders accept several spellings of the same bytes; we accept one."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    stem = text(SIGNATURE)[:-3]
    spellings = [f"{stem}{letter}==" for letter in alphabet]
    lenient = [one for one in spellings if base64.b64decode(one) == SIGNATURE]
    assert len(lenient) == 16
    assert [one for one in spellings if decode_base64(one, 64) == SIGNATURE] == [text(SIGNATURE)]


# -- columns ----------------------------------------------------------------------------------


def count_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes, bytes]]:
    """Return the list that receives the arguments of each call of `holds` from now on."""
    calls: list[tuple[bytes, bytes, bytes]] = []

    def counted(key: bytes, digest: bytes, signature: bytes) -> bool:
        calls.append((key, digest, signature))
        return holds(key, digest, signature)

    monkeypatch.setattr(signatures, "holds", counted)
    return calls


def test_equal_triples_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A triple that stands in many claims costs one verification, and answers all of them."""
    calls = count_calls(monkeypatch)
    digest, bad = bytes.fromhex(DIGEST), b"\0" * 64
    signatures = [SIGNATURE, bad, SIGNATURE, bad, bad, bad]
    found = judge(*(claim(signature_b64=text(signature)) for signature in signatures))
    assert [key for _, key in found] == [KEY, None, KEY, None, None, None]
    assert sorted(calls) == sorted([(KEY, digest, SIGNATURE), (KEY, digest, bad)])


def test_equal_claims_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receipt that a record, a bundle and a state share is verified once for all three."""
    calls = count_calls(monkeypatch)
    assert judge(claim(), claim(), claim()) == [("holds", KEY)] * 3
    assert len(calls) == 1


def test_no_rows() -> None:
    """A batch without signatures has no verdicts."""
    assert judge() == []


def test_only_rows_that_never_reach_libsodium(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims that cannot be checked get their verdicts without a verification."""
    calls = count_calls(monkeypatch)
    rows = judge(claim(signature_b64=None), claim(candidates=[]), claim(algorithm="rsa"))
    assert [verdict for verdict, _ in rows] == ["missing", "unknown_key", "unsupported"]
    assert calls == []


# -- verdicts ---------------------------------------------------------------------------------

NONCANONICAL_KEY = (2**255 - 19 + 1).to_bytes(32, "little")

#: As an integrity event states it: without labels, over a digest that nobody can recompute.
_UNLABELLED: dict[str, object] = {
    "algorithm": None,
    "signature_status": None,
    "signed_message": None,
    "expected_message": None,
    "digest_computed": None,
    "digest_stated": DIGEST,
}

VERDICT_CASES: dict[str, tuple[dict[str, object], tuple[str, bytes | None]]] = {
    "holds": ({}, ("holds", KEY)),
    "nothing stated": ({"digest_stated": None}, ("holds", KEY)),
    "stated otherwise": ({"digest_stated": STATED}, ("holds", KEY)),
    "stated in upper case": ({"digest_stated": DIGEST.upper()}, ("holds", KEY)),
    "second candidate": ({"candidates": [OTHER_KEY, KEY]}, ("holds", KEY)),
    "candidate twice": ({"candidates": [KEY, KEY]}, ("holds", KEY)),
    "short candidate first": ({"candidates": [KEY[:31], b"", KEY]}, ("holds", KEY)),
    "another key": ({"candidates": [OTHER_KEY]}, ("invalid", None)),
    "key too long": ({"candidates": [KEY + b"\0"]}, ("invalid", None)),
    "key too short": ({"candidates": [KEY[:31]]}, ("invalid", None)),
    "key of nothing": ({"candidates": [b""]}, ("invalid", None)),
    "key of zeros": ({"candidates": [b"\0" * 32]}, ("invalid", None)),
    "key not canonical": ({"candidates": [NONCANONICAL_KEY]}, ("invalid", None)),
    "no key": ({"candidates": []}, ("unknown_key", None)),
    "null for keys": ({"candidates": None}, ("unknown_key", None)),
    "another digest": ({"digest_computed": STATED, "digest_stated": STATED}, ("invalid", None)),
    "stated digest signed": ({"digest_computed": STATED}, ("digest_mismatch", KEY)),
    "stated, by the second": (
        {"digest_computed": STATED, "candidates": [OTHER_KEY, KEY]},
        ("digest_mismatch", KEY),
    ),
    "stated in upper case signed": (
        {"digest_computed": STATED, "digest_stated": DIGEST.upper()},
        ("invalid", None),
    ),
    "stated with a line's end": (
        {"digest_computed": STATED, "digest_stated": DIGEST + "\n"},
        ("invalid", None),
    ),
    "stated is no digest": (
        {"digest_computed": STATED, "digest_stated": "x" * 64},
        ("invalid", None),
    ),
    "stated is cut": (
        {"digest_computed": STATED, "digest_stated": DIGEST[:62]},
        ("invalid", None),
    ),
    "signs the hex": (
        {"signature_b64": text(OURS.sign(DIGEST.encode()).signature)},
        ("invalid", None),
    ),
    "scalar not canonical": (
        {"signature_b64": text(with_scalar_plus_order(SIGNATURE))},
        ("invalid", None),
    ),
    "signature of zeros": ({"signature_b64": text(b"\0" * 64)}, ("invalid", None)),
    "point not canonical": (
        {"signature_b64": text(NONCANONICAL_KEY + SIGNATURE[32:])},
        ("invalid", None),
    ),
    "no signature": ({"signature_b64": None}, ("missing", None)),
    "empty signature": ({"signature_b64": ""}, ("missing", None)),
    "unsigned by its own word": (
        {"signature_b64": None, "signature_status": "unsigned"},
        ("missing", None),
    ),
    "another algorithm": ({"algorithm": "ed25519ph"}, ("unsupported", None)),
    "algorithm in capitals": ({"algorithm": "Ed25519"}, ("unsupported", None)),
    "no algorithm": ({"algorithm": None}, ("unsupported", None)),
    "another status": ({"signature_status": "signed_v2"}, ("unsupported", None)),
    "no status": ({"signature_status": None}, ("unsupported", None)),
    "another message": ({"signed_message": "bundle_sha256_bytes"}, ("unsupported", None)),
    "no message": ({"signed_message": None}, ("unsupported", None)),
    "unproven": (_UNLABELLED, ("digest_unproven", KEY)),
    "unproven, another key": ({**_UNLABELLED, "candidates": [OTHER_KEY]}, ("invalid", None)),
    "unproven, another digest": ({**_UNLABELLED, "digest_stated": STATED}, ("invalid", None)),
    "unproven, no digest": ({**_UNLABELLED, "digest_stated": None}, ("unsupported", None)),
    "unproven, no key": ({**_UNLABELLED, "candidates": []}, ("unknown_key", None)),
    "unproven, malformed": ({**_UNLABELLED, "signature_b64": "x"}, ("malformed", None)),
    "unproven, no signature": ({**_UNLABELLED, "signature_b64": None}, ("missing", None)),
    "malformed, no key": ({"signature_b64": "x", "candidates": []}, ("malformed", None)),
}


@pytest.mark.parametrize("name", VERDICT_CASES)
def test_verdict(name: str) -> None:
    """Each hostile or honest claim gets its verdict, with a key only where one holds."""
    changes, expected = VERDICT_CASES[name]
    assert judge(claim(**changes)) == [expected]


def test_verdicts_together() -> None:
    """In one batch each claim gets the verdict that it gets alone, in the order of the claims."""
    claims = [claim(**changes) for changes, _ in VERDICT_CASES.values()]
    expected = [verdict for _, verdict in VERDICT_CASES.values()]
    assert judge(*claims) == expected
    assert judge(*reversed(claims)) == expected[::-1]
    assert {verdict for verdict, _ in expected} == set(words(SignatureVerdict))


def test_first_candidate_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several candidates hold, the first one, which is the pinned one, is named."""
    # honest keys never share a signature, so every candidate is made to hold
    monkeypatch.setattr(signatures, "holds", lambda *_: True)
    assert judge(claim(candidates=[OTHER_KEY, KEY])) == [("holds", OTHER_KEY)]
    assert judge(claim(candidates=[KEY, OTHER_KEY])) == [("holds", KEY)]


def test_null_everywhere() -> None:
    """A claim of nulls is a missing signature; only the stated digest may be null alone."""
    assert judge(Claim._make([*[None] * 7, []])) == [("missing", None)]
    nulls = {name: judge(claim(**{name: None}))[0][0] for name in Claim._fields}
    assert nulls == {
        "algorithm": "unsupported",
        "signature_status": "unsupported",
        "signed_message": "unsupported",
        "expected_message": "unsupported",
        "signature_b64": "missing",
        "digest_computed": "invalid",
        "digest_stated": "holds",
        "candidates": "unknown_key",
    }


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "algorithm": st.none() | TEXTS,
            "signature_status": st.none() | TEXTS,
            "signed_message": st.none() | TEXTS,
            "signature_b64": st.none() | TEXTS | st.binary(max_size=70).map(text),
            "digest_stated": st.none() | TEXTS | st.binary(min_size=32, max_size=32).map(bytes.hex),
            "digest_computed": st.binary(min_size=32, max_size=32).map(bytes.hex),
            "candidates": st.lists(st.binary(max_size=33), max_size=3),
        },
    )
)
def test_hostile_claims(changes: dict[str, Any]) -> None:
    """No claim raises; only the signed one holds, under the key that signed it."""
    original = claim()
    changed = {name for name, value in changes.items() if value != getattr(original, name)}
    ((verdict, key),) = judge(claim(**changes))
    assert verdict in words(SignatureVerdict)
    if verdict == "holds":
        assert key == KEY
        assert changed <= {"digest_stated"}
    elif verdict == "digest_mismatch":
        assert key == KEY
        assert changed == {"digest_computed"}
    else:
        assert key is None
        assert changed


# -- the real signatures ----------------------------------------------------------------------


def real_claims() -> list[Claim]:
    """Return the receipts, events and bundle signatures of the real documents as claims."""
    keys = [key.public_key for key in load(default_keyring()).keys]
    found: list[Claim] = []
    for path in sorted(SAMPLES.iterdir()):
        for signature, digest in real_signatures(json.loads(path.read_bytes())):
            fields = {name: signature[name] for name in Claim._fields if name in signature}
            expected = {"expected_message": signature["signed_message"], "candidates": keys}
            digests = {"digest_computed": digest, "digest_stated": digest}
            found.append(claim(**fields, **expected, **digests))
    return found


def real_signatures(value: object) -> list[tuple[dict[str, Any], str]]:
    """Return each object that holds a signature, with the digest that stands beside it."""
    if isinstance(value, list):
        return [pair for item in value for pair in real_signatures(item)]
    if not isinstance(value, dict):
        return []
    found = [pair for item in value.values() for pair in real_signatures(item)]
    if "signature_b64" in value:
        stated = value.get("canonical_sha256") or value.get("bundle_sha256")
        if stated:
            found.append((value, stated))
    if isinstance(value.get("signature"), dict):
        found.append((value["signature"], value["content_sha256"]))
    return found


def test_real_signatures_hold() -> None:
    """All 11 signatures of the samples hold under the pinned key, as do the states' copies."""
    claims = real_claims()
    kinds = Counter(claim.signed_message for claim in claims)
    # two of the seven receipts are the copies in the states that the bundles embed
    assert kinds == {
        "canonical_sha256_bytes": 7,
        "open_graph_event_sha256_bytes": 4,
        "bundle_sha256_bytes": 2,
    }
    (key,) = (pinned_key.public_key for pinned_key in load(default_keyring()).keys)
    assert judge(*claims) == [("holds", key)] * 13
