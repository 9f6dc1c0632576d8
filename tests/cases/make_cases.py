"""Make the documents of the conformance cases: `python -m tests.cases.make_cases`.

Each function is a case: its docstring's first line says why, and becomes `why.txt`; it returns
file name to document. What must be found is not made here but written in `expected.json`.
"""

from __future__ import annotations

import base64
import copy
import json
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cases.forge import (
    Json,
    Key,
    aliases_of,
    bundle_of,
    canonical_record,
    created,
    digest,
    event,
    found,
    graph_snapshot,
    integrity,
    integrity_event,
    manifest,
    number_of,
    receipt,
    resign,
    seal_bundle,
    seal_event,
    seal_state,
    snapshot,
    state,
    text_digest,
    without,
)
from tests.paths import SAMPLES

#: A document as JSON, or bytes as they are.
Files = dict[str, Json | bytes]

CASES: dict[str, Callable[[], Files]] = {}

#: The registry of the invented papers, pinned by the keyring of each case that uses it.
OWN = Key("pith-etl test key", "pith-etl-test")
#: A forger, who uses the registry's key id.
FORGER = Key("pith-etl forger's key", "pith-v1-2026-05")

REGISTRY_KEY: Json = {
    "key_id": "pith-v1-2026-05",
    "algorithm": "ed25519",
    "public_key_b64": "stVStoiQhXFxp4s2pdzPNoqVNBMojDU/fJ2db5S3CbM=",
    "fingerprint_sha256_hex": "8d4b5ee74e4693bcd1df2446408b0d54",
    "valid_from": None,
    "valid_until": None,
    "note": "The registry key.",
}


def case(make: Callable[[], Files]) -> Callable[[], Files]:
    """Register a case under its function's name."""
    CASES[make.__name__] = make
    return make


def sample(number: int) -> Any:  # noqa: ANN401 - a JSON document, of which any part is changed
    """Return one of the five real documents."""
    (file,) = SAMPLES.glob(f"{number:03}_*.txt")
    return json.loads(file.read_bytes())


def keyring(*keys: Json) -> Json:
    """Return a keyring file."""
    return {"keys": list(keys)}


def own(**files: Json) -> Files:
    """Return a case whose keyring pins our own key."""
    return {"keyring.json": keyring(OWN.pinned()), **{f"{n}.json": d for n, d in files.items()}}


def plain(**fields: object) -> list[Json]:
    """Return the two events of an ordinary bundle; `fields` go to the second."""
    record = canonical_record()
    return [created(OWN, record), snapshot(OWN, record, **fields)]


def write(directory: Path) -> None:
    """Write the documents and the reasons of all cases; what is expected stays as it is."""
    for name, make in CASES.items():
        folder = directory / name
        folder.mkdir(parents=True, exist_ok=True)
        why = (make.__doc__ or "").splitlines()[0]
        (folder / "why.txt").write_text(f"{why}\n", "utf-8")
        for file, document in make().items():
            raw = document
            if not isinstance(raw, bytes):
                raw = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
            (folder / file).write_bytes(raw)


# -- forged by another key --------------------------------------------------------------------


def forged() -> Json:
    """Return a real bundle with other authors, re-signed by a key under the registry's names."""
    bundle = sample(4)
    bundle["built_at"] = "2027-01-01T00:00:00Z"
    for alias in bundle["source_aliases"]:
        alias["created_at"] = "2020-01-01T00:00:00Z"
    taken = bundle["events"][1]["payload"]["graph_snapshot"]
    taken["paper"]["authors_text"] = "Mallory Forger"
    claim = {"claim_id": "C1", "kind": "strongest_claim", "text": "The forger is right."}
    taken["claims"] |= {"count": 1, "items": [claim]}
    borrowed = copy.copy(FORGER)
    borrowed.fingerprint = REGISTRY_KEY["fingerprint_sha256_hex"]
    return resign(borrowed, bundle)


@case
def resigned_alone_fail() -> Files:
    """A bundle re-signed with a key that it carries proves nothing, whatever the key's name."""
    return {"forged.json": forged()}


@case
def resigned_beside_real_fail() -> Files:
    """The real bundle stays in every table beside a newer one that a forger signed."""
    return {"a_forged.json": forged(), "real.json": sample(4)}


@case
def resigned_same_ids_fail() -> Files:
    """An event that borrows the id of a real one does not take its place."""
    bundle = forged()
    for made, real in zip(bundle["events"], sample(4)["events"], strict=True):
        made["event_id"] = real["event_id"]
    return {"a_forged.json": seal_bundle(FORGER, bundle), "real.json": sample(4)}


@case
def forged_claim_to_id_fail() -> Files:
    """A citing arXiv id does not resolve to a forged later version of the paper."""
    record = canonical_record()
    record["source"] = {"kind": "arxiv", "id": "1606.06234", "version": 9}
    bundle = bundle_of(FORGER, [])
    bundle |= {"canonical_record": record, "canonical_sha256": digest(record)}
    number = number_of(record)
    bundle |= {"pith_number": number, "short_pith_number": number[:5] + number[10:18]}
    bundle |= {"source": record["source"], "events": [created(FORGER, record)]}
    bundle["source_aliases"] = [
        {"alias_kind": "arxiv", "alias_value": "1606.06234", "created_at": None}
    ]
    citing = sample(3)
    citing["inbound_citations"] = {
        "count": 1,
        "internal_anchor_count": 0,
        "sample": [
            {
                "citing_arxiv_id": "1606.06234",
                "citing_title": "CNNLab",
                "ref_index": 1,
                "is_internal_anchor": False,
            }
        ],
    }
    return {
        "cited.json": citing,
        "forged.json": seal_bundle(FORGER, bundle),
        "real.json": sample(4),
    }


@case
def texts_left_out() -> Files:
    """A newer copy of a record without its proven texts does not take the record's place."""
    bare = without(sample(3), "paper", "graph_snapshot", "verification_status")
    bare["updated_at"] = "2030-01-01T00:00:00Z"
    return {"bare.json": bare, "real.json": sample(3)}


@case
def attested_by_another_fail() -> Files:
    """Events by other keys, valid or not, weaken no signed bundle, and the paper comes from it."""
    record, author = canonical_record(), Key("pith-etl author's key", "author-9")
    number, name = number_of(record), {"author": "Alice Example"}
    attested = event(author, number, "author_attestation", name)
    broken = event(OWN, number, "author_attestation", name)
    broken["signature"]["signature_b64"] = attested["signature"]["signature_b64"]
    altered = {
        "record_type": "pith_number_record",
        "pith_number": number,
        "canonical_record": record,
        "canonical_sha256": digest(record),
        "paper": graph_snapshot()["paper"] | {"authors_text": "Mallory"},
        "receipt": receipt(OWN, digest(record), "2026-06-01T00:00:00Z"),
        "aliases": aliases_of(record),
    }
    return own(bundle=bundle_of(OWN, [*plain(), attested, broken]), altered=altered)


@case
def applied_by_another_fail() -> Files:
    """The state of another paper does not decide which events of this one are applied."""
    bundle = bundle_of(OWN, plain())
    del bundle["state"]
    bundle = seal_bundle(OWN, bundle, merge=False)
    other = without(sample(1), "state_sha256")
    other["applied_event_ids"] = [made["event_id"] for made in bundle["events"]]
    return own(bundle=bundle, other=seal_state(other))


@case
def attestation_in_state() -> Files:
    """An event that was put into a state gives no finding on the paper's record."""
    created_event = {**sample(1)["current"]["record_created"]}
    record = sample(3)
    created_event["payload"] = {
        "canonical_record": record["canonical_record"],
        "canonical_sha256": record["canonical_sha256"],
        "receipt": record["receipt"],
    }
    changed = without(sample(1), "state_sha256")
    changed |= {"pith_number": record["pith_number"], "event_count": 2, "valid_event_count": 2}
    attested = {**created_event, "event_id": "sha256:none", "payload": {"of": "the forger"}}
    changed["applied_event_ids"] = [created_event["event_id"], attested["event_id"]]
    changed["current"] |= {
        "canonical_record": record["canonical_record"],
        "source_aliases": record["aliases"],
        "graph_snapshots": [],
        "record_created": created_event,
        "author_attestations": [attested],
    }
    return {"record.json": record, "state.json": seal_state(changed)}


@case
def citation_invented_fail() -> Files:
    """An unsigned citation, in a state or an altered event, does not count as signed."""
    record = canonical_record()
    number = number_of(record)
    signed, altered = (
        event(OWN, number, "citation_signature", {"citing_arxiv_id": citing, "ref_index": 1})
        for citing in ("2402.00002", "2403.00003")
    )
    altered["payload"]["citing_arxiv_id"] = "2403.66666"
    bundle = bundle_of(OWN, [*plain(), signed])
    broken = seal_bundle(FORGER, bundle_of(OWN, [*plain(), altered]))
    invented = copy.deepcopy(bundle["state"])
    made_up = copy.deepcopy(invented["current"]["citation_signatures"][0])
    made_up["event_id"] = f"sha256:{'6' * 64}"
    made_up["payload"]["citing_arxiv_id"] = "2404.66666"
    invented["current"]["citation_signatures"].append(made_up)
    invented["applied_event_ids"].append(made_up["event_id"])
    invented |= {"event_count": 4, "valid_event_count": 4}
    return own(broken=broken, invented=seal_state(invented), signed=bundle)


@case
def receipt_as_event_fail() -> Files:
    """The signature of a receipt is not valid for an event that is made of what it signs."""
    record = sample(3)
    signed = record["canonical_sha256"]
    bundle = bundle_of(FORGER, plain())
    made = {
        **record["canonical_record"],
        "content_sha256": signed,
        "event_id": f"sha256:{signed}",
        "signature": {**record["receipt"], "signed_message": "open_graph_event_sha256_bytes"},
    }
    for name in ("kind", "receipt_version", "builder_version", "canonical_sha256"):
        del made["signature"][name]
    for name in ("first_computed_at", "last_reissued_at"):
        del made["signature"][name]
    bundle["events"] = [made]
    return {"bundle.json": seal_bundle(FORGER, bundle, merge=False)}


@case
def counts_huge_fail() -> Files:
    """Counts whose sum does not fit into a BIGINT are wrong counts, and do not stop a build."""
    bundle = bundle_of(OWN, plain())
    bundle["state"] |= {"valid_event_count": 2**63 - 1, "invalid_event_count": 1}
    bundle["state"] = seal_state(bundle["state"])
    record = sample(3)
    record["graph_snapshot"]["author_claims"] |= {"count": -(2**63), "strong_count": 1}
    return own(bundle=seal_bundle(OWN, bundle, merge=False), record=record) | {
        "keyring.json": keyring(OWN.pinned(), REGISTRY_KEY)
    }


@case
def key_altered_fail() -> Files:
    """The pinned key keeps its own row beside a copy with altered text, which is not trusted."""
    bundle = bundle_of(OWN, plain())
    bundle["public_keys"][0]["fingerprint_sha256_hex"] = "0" * 32
    bundle["public_keys"][0]["url"] = "https://example.org/forged"
    return own(bundle=seal_bundle(OWN, bundle))


# -- real parts in the wrong place ------------------------------------------------------------


@case
def receipt_pasted_fail() -> Files:
    """A real receipt does not vouch for another record."""
    record = sample(3)
    record["receipt"] = sample(0)["receipt"]
    return {"record.json": record}


@case
def receipt_renamed_fail() -> Files:
    """A real receipt is valid in a document with another number, as it signs only the digest."""
    record = sample(3)
    number = "pith:2017:" + "A" * 26
    renamed = {**record, "pith_number": number, "short_pith_number": number[:5] + number[10:18]}
    return {"real.json": record, "renamed.json": renamed}


@case
def event_moved_fail() -> Files:
    """A real event of one paper proves nothing in the bundle of another."""
    bundle = sample(4)
    bundle["events"].append(sample(2)["events"][1])
    return {"a_forged.json": bundle, "real_002.json": sample(2), "real_004.json": sample(4)}


@case
def event_of_two_states_fail() -> Files:
    """An event that is only in the states of two papers is of neither, whatever their digests."""
    listed = {"event_id": f"sha256:{'1' * 64}", "payload": {"note": "a correction"}}
    ours, theirs = sample(1), sample(4)["state"]
    for merged in (ours, theirs):
        merged["current"]["corrections"] = [listed]
        merged["applied_event_ids"].append(listed["event_id"])
        merged["event_count"] += 1
        merged["valid_event_count"] += 1
    return {"ours.json": seal_state(ours), "theirs.json": seal_state(theirs)}


@case
def event_removed_fail() -> Files:
    """A bundle that lost an event is not the one that was signed."""
    bundle = sample(4)
    del bundle["events"][1]
    return {"bundle.json": bundle}


@case
def event_twice_fail() -> Files:
    """A bundle that holds an event twice is not the one that was signed."""
    bundle = sample(4)
    bundle["events"].append(bundle["events"][1])
    return {"bundle.json": bundle}


@case
def event_altered_fail() -> Files:
    """An altered event does not have the digest that it states."""
    bundle = sample(4)
    bundle["events"][1]["created_at"] = "2026-05-18T01:12:16Z"
    return {"bundle.json": bundle}


@case
def event_duplicated_signed_fail() -> Files:
    """An event that a bundle holds twice is a finding, even if the bundle is signed."""
    events = plain()
    return own(bundle=bundle_of(OWN, [*events, events[1]]))


@case
def old_after_new() -> Files:
    """A real old bundle after a newer one does not displace it, and is no forgery."""
    older = bundle_of(OWN, plain())
    record = canonical_record()
    later = snapshot(OWN, record, created_at="2026-07-01T00:00:00Z")
    later["signature"]["signed_at"] = "2026-07-01T00:00:01Z"
    newer = bundle_of(OWN, [*plain(), seal_event(OWN, later)], built_at="2026-07-02T00:00:00Z")
    return own(a_newer=newer, z_older=older)


@case
def newer_unapplied_fail() -> Files:
    """An event that the newer of two signed bundles leaves unapplied counts as unapplied."""
    record = canonical_record()
    made = [*plain(), snapshot(OWN, record, created_at="2026-06-01T00:00:02Z")]
    newer = bundle_of(OWN, made, built_at="2026-07-02T00:00:00Z")
    newer["state"]["applied_event_ids"].pop()
    newer["state"] = seal_state(newer["state"] | {"event_count": 2, "valid_event_count": 2})
    newer = seal_bundle(OWN, newer, merge=False)
    return own(a_newer=newer, z_older=bundle_of(OWN, made))


# -- states -----------------------------------------------------------------------------------


@case
def state_reproduced() -> Files:
    """A standalone state is what the signed bundle of its paper merges to."""
    bundle = sample(4)
    return {"bundle.json": bundle, "state.json": bundle["state"]}


@case
def state_altered_fail() -> Files:
    """An altered state can have its hash restated; the signed bundle shows the place."""
    bundle = sample(4)
    altered = copy.deepcopy(bundle["state"])
    taken = altered["current"]["graph_snapshots"][0]["payload"]["graph_snapshot"]
    taken["paper"]["authors_text"] = "Mallory Forger"
    for alias in altered["current"]["source_aliases"]:
        alias["created_at"] = "2020-01-01T00:00:00Z"
    return {"bundle.json": bundle, "state.json": seal_state(altered)}


@case
def state_hash_wrong_fail() -> Files:
    """A state whose content was altered does not have the hash that it states."""
    altered = sample(1)
    altered["current"]["mirror_hints"] = [{"name": "another"}]
    return {"state.json": altered}


@case
def state_event_unknown_fail() -> Files:
    """If no document holds an event that a state applied, it was lost or made up."""
    altered = sample(1)
    altered["applied_event_ids"][1] = f"sha256:{'0' * 64}"
    return {"state.json": seal_state(altered)}


@case
def state_event_unnamed_fail() -> Files:
    """An event without an id in a state is a row of its own, and the same one in every copy."""
    bundle, real = bundle_of(OWN, plain()), sample(1)
    del real["current"]["record_created"]["event_id"]
    ours = copy.deepcopy(bundle["state"])
    ours["current"]["record_created"]["event_id"] = None
    ours["current"]["graph_snapshots"][0]["event_id"] = ""
    # events of two papers are two, even if there is nothing in them
    real["current"]["corrections"] = ours["current"]["corrections"] = [{}]
    return {
        "keyring.json": keyring(OWN.pinned(), REGISTRY_KEY),
        "bundle.json": bundle,
        "real.json": seal_state(real),
        "ours.json": seal_state(ours),
        "copy.json": seal_state(without(ours, "applied_event_ids")),
    }


@case
def event_unnamed_fail() -> Files:
    """An event of a bundle without an id has the one that is computed from its content."""
    events = plain()
    del events[0]["event_id"], events[1]["content_sha256"]
    return own(bundle=seal_bundle(OWN, bundle_of(OWN, plain()) | {"events": events}, merge=False))


@case
def event_of_no_paper_fail() -> Files:
    """Two `record_created` events that name no paper are not two beginnings of one paper."""
    record = canonical_record("Another Title")
    other = bundle_of(OWN, [created(OWN, record, subject_pith_number=None)]) | {
        "pith_number": number_of(record),
        "short_pith_number": number_of(record)[:5] + number_of(record)[10:18],
        "canonical_record": record,
        "canonical_sha256": digest(record),
        "source_aliases": aliases_of(record),
    }
    events = [created(OWN, canonical_record(), subject_pith_number=None), plain()[1]]
    return own(one=bundle_of(OWN, events), other=seal_bundle(OWN, other))


@case
def state_of_another_fail() -> Files:
    """A bundle that embeds the state of another paper is wrong even if it is signed."""
    bundle = bundle_of(OWN, plain())
    bundle["state"] = sample(1)
    return own(bundle=seal_bundle(OWN, bundle, merge=False))


@case
def event_not_applied_fail() -> Files:
    """A signed state that leaves out an event of its bundle is not its merge."""
    bundle = bundle_of(OWN, plain())
    shorter = {**bundle, "events": bundle["events"][:1]}
    bundle["state"] = state(shorter)
    return own(bundle=seal_bundle(OWN, bundle, merge=False))


@case
def state_not_reproducible() -> Files:
    """A state of events whose merge is unknown is not reproducible, which is not wrong."""
    record = canonical_record()
    attestation = event(OWN, number_of(record), "author_attestation", {"orcid": "0000"})
    return own(bundle=bundle_of(OWN, [*plain(), attestation]))


@case
def counts_wrong_fail() -> Files:
    """A count that is not the number of items held is wrong, even if it is signed."""
    taken = graph_snapshot()
    taken["claims"]["count"] = 3
    number = number_of(canonical_record())
    payload = {"graph_snapshot": taken, "verdict_id": None}
    events = [plain()[0], event(OWN, number, "graph_snapshot", payload)]
    bundle = bundle_of(OWN, events)
    bundle["state"] |= {"event_count": 5, "valid_event_count": 4}
    bundle["state"] |= {"invalid_event_count": 2, "equivocation_count": 0}
    bundle["state"]["equivocations"] = [{"events": []}]
    bundle["state"] = seal_state(bundle["state"])
    return own(bundle=seal_bundle(OWN, bundle, merge=False))


# -- chains and equivocation ------------------------------------------------------------------


@case
def equivocation_fail() -> Files:
    """Two events by one key at one place in a chain give two histories."""
    events = plain()
    record, first = canonical_record(), events[0]["event_id"]
    others = [
        snapshot(OWN, record, prev_event=first, created_at=f"2026-06-01T00:00:0{second}Z")
        for second in (1, 2)
    ]
    return own(bundle=bundle_of(OWN, [events[0], *others]))


@case
def record_created_twice_fail() -> Files:
    """A second event that creates the same record is a finding."""
    record = canonical_record()
    again = created(OWN, record, created_at="2026-06-01T00:00:02Z")
    return own(bundle=bundle_of(OWN, [*plain(), again]))


@case
def chain_dangling_fail() -> Files:
    """A chain that leads to an event that no document holds is cut."""
    links = {"prev_event": f"sha256:{'1' * 64}", "supersedes": [f"sha256:{'2' * 64}"]}
    return own(bundle=bundle_of(OWN, plain(**links)))


@case
def event_merely_listed_fail() -> Files:
    """An event that only an unsigned state lists is still missing for a signed bundle."""
    lost = [f"sha256:{digit * 64}" for digit in "123"]
    bundle = bundle_of(OWN, plain(prev_event=lost[0], supersedes=[lost[1]]))
    listing = copy.deepcopy(bundle["state"])
    listed = listing["current"]["record_created"]
    listing["current"]["corrections"] = [{**listed, "event_id": name} for name in lost]
    listing["applied_event_ids"] += lost
    listing |= {"event_count": 5, "valid_event_count": 5}
    bundle["state"]["applied_event_ids"].append(lost[2])
    bundle["state"] = seal_state(bundle["state"])
    return own(bundle=seal_bundle(OWN, bundle, merge=False), listing=seal_state(listing))


@case
def chain_loop_fail() -> Files:
    """A chain that returns to its start has an event with an id that is not its own."""
    first = plain()[0]
    second = snapshot(OWN, canonical_record(), prev_event=f"sha256:{'3' * 64}")
    third = snapshot(OWN, canonical_record(), prev_event=second["event_id"])
    third["event_id"] = f"sha256:{'3' * 64}"
    return own(bundle=bundle_of(OWN, [first, second, third]))


@case
def nonce_reuse_fail() -> Files:
    """Two digests signed with one nonce give the private key away."""
    weak = Key("pith-etl test key", "pith-etl-test", nonce=b"the same for every signature")
    record = canonical_record()
    events = [created(OWN, record), snapshot(weak, record)]
    return own(bundle=seal_bundle(weak, bundle_of(OWN, events)))


@case
def nonce_reuse_untrusted_fail() -> Files:
    """A nonce that a key outside of the keyring repeats is no finding: nobody trusts that key."""
    weak = Key("pith-etl forger's key", "pith-v1-2026-05", nonce=b"the same for every signature")
    record = canonical_record()
    return own(bundle=bundle_of(weak, [created(weak, record), snapshot(weak, record)]))


@case
def times_backwards_fail() -> Files:
    """The times of submission, computation, signing and building must be in this order."""
    events = plain()
    events[1]["created_at"] = "2026-06-03T00:00:00Z"
    events[1] = seal_event(OWN, events[1])
    return own(bundle=bundle_of(OWN, events, built_at="2026-05-01T00:00:00Z"))


# -- keys -------------------------------------------------------------------------------------


@case
def key_fingerprint_fail() -> Files:
    """A fingerprint beside a key must be the key's."""
    bundle = bundle_of(OWN, plain())
    wrong = Key("pith-etl second key", "second").carried()
    wrong["fingerprint_sha256_b32_first128bits"] = "A" * 26
    bundle["public_keys"].append(wrong)
    return own(bundle=seal_bundle(OWN, bundle))


@case
def key_encodings_fail() -> Files:
    """The base64 and the hex of a key must be the same key."""
    bundle = bundle_of(OWN, plain())
    wrong = Key("pith-etl second key", "second").carried()
    wrong["public_key_hex"] = OWN.public.hex()
    bundle["public_keys"].append(wrong)
    return own(bundle=seal_bundle(OWN, bundle))


@case
def key_misstated_fail() -> Files:
    """A wrong statement about the pinned key is not trusted, though the key itself is."""
    bundle = bundle_of(OWN, plain())
    lent = Key("pith-etl test key", "lent")
    bundle["public_keys"] += [
        {**OWN.carried(), "algorithm": "none", "url": "https://example.org/forged"},
        {**OWN.carried(), "public_key_hex": FORGER.public.hex()},
        {**lent.carried(), "algorithm": "none"},
        lent.carried(),
    ]
    return own(bundle=seal_bundle(OWN, bundle))


@case
def key_malformed_fail() -> Files:
    """A key that is not 32 bytes in one spelling of base64 verifies nothing."""
    bundle = bundle_of(OWN, plain())
    wrong = Key("pith-etl second key", "second").carried()
    wrong["public_key_b64"] = wrong["public_key_b64"].rstrip("=")
    bundle["public_keys"].append(wrong)
    return own(bundle=seal_bundle(OWN, bundle))


@case
def key_id_shared_fail() -> Files:
    """Two public keys under one name: only the exact pinned key is trusted."""
    bundle = bundle_of(OWN, plain())
    bundle["public_keys"].append(Key("pith-etl second key", OWN.key_id).carried())
    return own(bundle=seal_bundle(OWN, bundle))


@case
def key_id_taken_fail() -> Files:
    """A malformed key conflicts with no key of its name, and a pinned key is never at fault."""
    bundle = bundle_of(OWN, plain())
    bundle["public_keys"].append(Key("pith-etl second key", "second").carried())
    bundle["public_keys"].append(Key("pith-etl test key", "lent").carried())
    junk = bundle_of(FORGER, [], record=canonical_record("Another Title"))
    junk["public_keys"].append({"key_id": "second", "public_key_b64": "x"})
    junk["public_keys"].append(Key("pith-etl third key", "lent").carried())
    return own(bundle=seal_bundle(OWN, bundle), junk=seal_bundle(FORGER, junk))


@case
def key_name_borrowed_fail() -> Files:
    """A key in an unproven document gives no finding on its namesake in a better proven one."""
    bundle = bundle_of(OWN, plain())
    bundle["public_keys"].append(Key("pith-etl second key", "second").carried())
    junk = bundle_of(FORGER, [], record=canonical_record("Another Title"))
    junk["public_keys"].append(Key("pith-etl third key", "second").carried())
    return own(bundle=seal_bundle(OWN, bundle), junk=seal_bundle(FORGER, junk))


@case
def outside_validity_fail() -> Files:
    """A pinned key vouches for what was signed in its period, and for nothing else."""
    pinned = OWN.pinned("2026-06-01T00:00:00Z", "2026-06-01T12:00:00Z")
    return {"keyring.json": keyring(pinned), "bundle.json": bundle_of(OWN, plain())}


@case
def unknown_key_fail() -> Files:
    """A signature by an unknown key is called neither good nor bad."""
    return {"keyring.json": keyring(OWN.pinned()), "record.json": sample(3)}


# -- signatures -------------------------------------------------------------------------------


def with_receipt(**fields: object) -> Files:
    """Return a real record with some fields of its receipt replaced; None removes one."""
    record = sample(3)
    record["receipt"] |= fields
    record["receipt"] = {n: v for n, v in record["receipt"].items() if v is not None}
    return {"record.json": record}


@case
def signature_invalid_fail() -> Files:
    """A signature with one bit changed is not valid."""
    raw = bytearray(base64.b64decode(sample(3)["receipt"]["signature_b64"]))
    raw[40] ^= 1
    return with_receipt(signature_b64=base64.b64encode(raw).decode())


@case
def signature_malformed_fail() -> Files:
    """A signature has one spelling: standard base64 of 64 bytes."""
    text = sample(3)["receipt"]["signature_b64"]
    return with_receipt(signature_b64=f"{text[:40]} {text[40:]}")


@case
def signature_unsupported_fail() -> Files:
    """A signature by an unsupported algorithm is called neither good nor bad."""
    return with_receipt(algorithm="ed448")


@case
def signature_missing_fail() -> Files:
    """A record without its receipt proves nothing."""
    return {"record.json": without(sample(3), "receipt")}


@case
def signature_key_name_fail() -> Files:
    """A signature that names another key than its own has a false label."""
    return with_receipt(key_id="another-key")


@case
def signature_time_missing_fail() -> Files:
    """A signature without a time is not within a key's period."""
    return with_receipt(signed_at=None)


@case
def signature_fields_fail() -> Files:
    """A field added to a bundle's signature is covered by nothing."""
    bundle = sample(4)
    bundle["bundle_signature"]["endorsed_by"] = "everybody"
    return {"bundle.json": bundle}


# -- records ----------------------------------------------------------------------------------


@case
def canonical_altered_fail() -> Files:
    """A canonical record that was altered has another digest, number and signature."""
    record = sample(3)
    record["canonical_record"]["metadata"]["license"] = ""
    record["paper"]["license"] = record["graph_snapshot"]["paper"]["license"] = ""
    return {"record.json": record, "real.json": sample(3)}


@case
def canonical_restated_fail() -> Files:
    """An altered canonical record whose digest was restated still has a real one's receipt."""
    record = sample(3)
    record["canonical_record"]["metadata"]["license"] = ""
    record["paper"]["license"] = record["graph_snapshot"]["paper"]["license"] = ""
    record["canonical_sha256"] = digest(record["canonical_record"])
    return {"record.json": record}


@case
def canonical_exchanged_fail() -> Files:
    """An event that creates another record than the bundle's is in the wrong place."""
    other = created(OWN, canonical_record("Another Title"))
    other["subject_pith_number"] = number_of(canonical_record())
    return own(bundle=bundle_of(OWN, [seal_event(OWN, other), plain()[1]]))


@case
def title_altered_fail() -> Files:
    """A title is tied to the signed record by its hash."""
    record = sample(3)
    record["paper"]["title"] = record["graph_snapshot"]["paper"]["title"] = "Another Title"
    return {"record.json": record}


@case
def abstract_altered_fail() -> Files:
    """A whole abstract is tied to the signed record by its hash."""
    bundle = sample(2)
    taken = bundle["events"][1]["payload"]["graph_snapshot"]
    taken["paper"]["abstract_excerpt"] = "Another abstract."
    return {"bundle.json": bundle}


@case
def texts_disagree_fail() -> Files:
    """A record holds its paper's texts twice: they must agree."""
    record = sample(3)
    record["graph_snapshot"]["paper"]["authors_text"] = "Mallory Forger"
    return {"record.json": record}


@case
def copies_disagree_fail() -> Files:
    """What repeats the canonical record must agree with it."""
    record = sample(3)
    record["source"]["version"] = 7
    record["graph_snapshot"]["source"]["id"] = "1111.11111"
    for paper in (record["paper"], record["graph_snapshot"]["paper"]):
        paper["primary_cat"] = "math.GM"
    return {"record.json": record}


@case
def number_year_fail() -> Files:
    """The year of a Pith number is that of the submission."""
    record = sample(3)
    record["pith_number"] = record["pith_number"].replace("2017", "2016")
    return {"record.json": record}


@case
def short_number_fail() -> Files:
    """A short number is the start of the number."""
    record = sample(3)
    record["short_pith_number"] = "pith:AAAAAAAA"
    return {"record.json": record}


@case
def alias_contradicts_fail() -> Files:
    """An alias that can be derived must have the derived value."""
    record = sample(3)
    record["aliases"][0]["alias_value"] = "1111.11111"
    return {"record.json": record}


@case
def citing_unnamed() -> Files:
    """Citing papers without an id are told apart by their titles."""
    record = sample(3)
    titles = ["One", "Another", "One", None]
    record["inbound_citations"]["count"] = 4
    record["inbound_citations"]["sample"] = [{"citing_title": title} for title in titles]
    return {"record.json": record}


@case
def version_unstated() -> Files:
    """A paper whose record states no version is not the latest one of its arXiv id."""
    record, graph = canonical_record(), graph_snapshot()
    record["source"]["version"] = graph["source"]["version"] = None
    payload = {"graph_snapshot": graph, "verdict_id": None}
    taken = event(OWN, number_of(record), "graph_snapshot", payload)
    unstated = bundle_of(OWN, [created(OWN, record), taken], record=record)
    unstated["source_aliases"] = [
        alias for alias in unstated["source_aliases"] if alias["alias_kind"] != "arxiv_version"
    ]
    cited = sample(3)
    cited["inbound_citations"] |= {"count": 1, "sample": [{"citing_arxiv_id": "2401.00001"}]}
    return {
        "keyring.json": keyring(OWN.pinned(), REGISTRY_KEY),
        "cited.json": cited,
        "stated.json": bundle_of(OWN, plain()),
        "unstated.json": seal_bundle(OWN, unstated),
    }


@case
def status_disagrees_fail() -> Files:
    """What a record says of its own verification is compared with what is there."""
    record = sample(3)
    record["verification_status"] |= {"references_resolved": True, "strong_author_claims": 2}
    return {"record.json": record}


@case
def digest_missing_fail() -> Files:
    """A missing digest is a finding: without it nothing can be compared."""
    return {"record.json": without(sample(3), "canonical_sha256")}


@case
def snapshot_digests_fail() -> Files:
    """Only the hash of an empty list is known, and can be compared."""
    record = sample(3)
    record["graph_snapshot"]["claims"]["snapshot_sha256"] = text_digest("another")
    record["graph_snapshot"]["references"]["count"] = 3
    return {"record.json": record}


@case
def snapshot_digest_missing_fail() -> Files:
    """The missing hash of a list is a finding, and is not called unproven as well."""
    record = sample(3)
    del record["graph_snapshot"]["claims"]["snapshot_sha256"]
    record["graph_snapshot"]["references"] |= {"count": 3, "snapshot_sha256": None}
    return {"record.json": record}


@case
def snapshot_items_fail() -> Files:
    """A list is empty if it has no items, whatever its count says."""
    held, emptied = sample(3), sample(3)
    held["graph_snapshot"]["claims"]["items"] = [{"claim_id": "C1"}]
    emptied["graph_snapshot"]["claims"] |= {"count": 3, "snapshot_sha256": text_digest("another")}
    held["graph_snapshot"]["references"]["sample"] = [{"of": "a shape never seen"}]
    return {"held.json": held, "emptied.json": emptied}


@case
def texts_in_snapshot_alone_fail() -> Files:
    """A finding on a record's texts has the pointer of the place where they stand."""
    record = sample(3)
    record["graph_snapshot"]["paper"] |= {"title": "Another", "license": "none", "submitted_at": ""}
    return {"record.json": without(record, "paper")}


@case
def state_alone_altered_fail() -> Files:
    """A state has no digest beside its canonical record that could be verified."""
    altered = sample(1)
    altered["current"]["canonical_record"]["metadata"]["license"] = "none"
    return {"state.json": seal_state(altered)}


@case
def time_malformed_fail() -> Files:
    """A time without an offset names no instant."""
    record = sample(3)
    record["updated_at"] = "2026-05-18 01:25:17"
    return {"record.json": record}


# -- documents that disagree with each other --------------------------------------------------


@case
def documents_disagree_fail() -> Files:
    """Two signed bundles of one paper with different aliases and events are not both complete."""
    record = canonical_record()
    one, two = (
        bundle_of(OWN, [created(OWN, record), snapshot(OWN, record, created_at=at)])
        for at in ("2026-06-01T00:00:01Z", "2026-06-01T00:00:02Z")
    )
    two["source_aliases"] = two["source_aliases"][:3]
    two["built_at"] = "2026-06-03T00:00:00Z"
    return own(one=one, two=seal_bundle(OWN, two))


@case
def aliases_forged_fail() -> Files:
    """If two equally proven records differ in their aliases, each of them has a finding."""
    forged = sample(3)
    forged["updated_at"] = "9999-01-01T00:00:00Z"
    name = {"alias_kind": "doi", "alias_value": "10.9999/forged", "created_at": None}
    forged["aliases"].append(name)
    bundle = bundle_of(OWN, plain())
    fewer = copy.deepcopy(bundle["state"])
    fewer["current"]["source_aliases"] = fewer["current"]["source_aliases"][:3]
    return {
        "keyring.json": keyring(OWN.pinned(), REGISTRY_KEY),
        # a bundle's aliases are signed, so it has no finding
        "bundle.json": bundle,
        "fewer.json": seal_state(fewer),
        "forged.json": forged,
        "real.json": sample(3),
    }


@case
def events_forged_fail() -> Files:
    """If two equally proven states differ in the content of an event, each has a finding."""
    forged, bundle = sample(1), bundle_of(OWN, plain())
    for made in (forged, altered := copy.deepcopy(bundle["state"])):
        made["current"]["graph_snapshots"][0]["created_at"] = "2026-06-01T00:00:03Z"
    return {
        "keyring.json": keyring(OWN.pinned(), REGISTRY_KEY),
        # the id of a bundle's event is the digest of its content, so it has no finding
        "altered.json": seal_state(altered),
        "bundle.json": bundle,
        "forged.json": seal_state(forged),
        "real.json": sample(1),
    }


# -- documents that are not read --------------------------------------------------------------


@case
def unknown_schema() -> Files:
    """A Pith document of a schema that is not known is recognised, though it has no tables yet."""
    return {
        "integrity.json": {
            "schema": "https://pith.science/schemas/pith-integrity/v2.json",
            "pith_number": "1512.01274",
            "events": [],
        }
    }


@case
def integrity_document() -> Files:
    """What detectors found, and withdrew, is read from integrity documents, and mirrors too."""
    first, second = found("a" * 64), found("b" * 64, ref_index=4, severity="advisory")
    withdrawn = {**second, "verdict_class": "rescinded", "audited_at": "2026-06-01T00:00:00Z"}
    return own(
        integrity=integrity(integrity_event(OWN, 1, first), integrity_event(OWN, 2, second)),
        later=integrity(integrity_event(OWN, 1, first), integrity_event(OWN, 3, withdrawn)),
        mirrors=manifest(OWN),
    )


@case
def record_as_json_ld() -> Files:
    """A record with the `@context` of JSON-LD is a record, and the field is not unknown."""
    return {"record.json": {"@context": "https://pith.science/context.jsonld", **sample(3)}}


@case
def integrity_in_bundle() -> Files:
    """An event of a bundle that says what a detector found is proven like every event there."""
    number = number_of(canonical_record())
    events = [*plain(), event(OWN, number, "pith.integrity.v1", found("a" * 64))]
    return own(
        bundle=bundle_of(OWN, events), integrity=integrity(integrity_event(OWN, 1, found("a" * 64)))
    )


@case
def integrity_forged_fail() -> Files:
    """A statement that another key or nobody signed withdraws no finding, and is a finding."""
    first = found("a" * 64)
    withdrawn = found("a" * 64, verdict_class="rescinded", audited_at="2026-06-01T00:00:00Z")
    stranger = Key("pith-etl stranger", "a-stranger")
    broken = {**integrity_event(OWN, 4, withdrawn), "payload_sha256": "0" * 64}
    return own(
        integrity=integrity(integrity_event(OWN, 1, first)),
        forged=integrity(
            integrity_event(stranger, 2, withdrawn),
            integrity_event(FORGER, 3, withdrawn, signing_key_id=OWN.key_id),
            broken,
            integrity_event(OWN, 5, withdrawn, signature_b64=None),
            integrity_event(OWN, 6, withdrawn, signature_b64="x"),
            integrity_event(OWN, 7, withdrawn, payload_sha256=None),
        ),
    )


@case
def integrity_pasted_fail() -> Files:
    """A real digest and its signature, pasted beside another payload, withdraw nothing."""
    first = integrity_event(OWN, 1, found("a" * 64))
    withdrawn = found("a" * 64, verdict_class="rescinded", audited_at="2026-06-01T00:00:00Z")
    bundle = bundle_of(OWN, plain())
    signed = bundle["bundle_signature"]
    borrowed = {
        "payload_sha256": signed["bundle_sha256"],
        "signature_b64": signed["signature_b64"],
    }
    return own(
        bundle=bundle,
        integrity=integrity(first),
        pasted=integrity({**first, "payload": withdrawn}),
        borrowed=integrity(integrity_event(OWN, 2, found("b" * 64), **borrowed)),
    )


@case
def integrity_altered_fail() -> Files:
    """Fields that were removed, moved or exchanged in an integrity document are found."""
    moved = integrity(integrity_event(OWN, 1, found("a" * 64)), arxiv_id="2401.00002")
    cut = integrity(integrity_event(OWN, 2, found("b" * 64)))
    for name in ("evidence", "audited_at", "event_type"):
        del cut["events"][0]["payload"][name]
    del cut["events"][0]["created_at"]
    unread = integrity(integrity_event(OWN, 3, found("c" * 64)))
    unread["events"][0]["payload"] = {"challenge": "c" * 64}
    listed = integrity(integrity_event(OWN, 4, found("d" * 64)))
    listed["integrity"]["findings"][0]["severity"] = "advisory"
    counted = integrity(integrity_event(OWN, 5, found("e" * 64)))
    counted["integrity"]["clean"] = True
    counted["integrity"]["detectors_run"][0]["findings_count"] = 0
    worded = integrity(integrity_event(OWN, 6, found("f" * 64, verdict_class="certain")))
    return own(moved=moved, cut=cut, unread=unread, listed=listed, counted=counted, worded=worded)


@case
def unknown_field() -> Files:
    """A field that the format did not have before is kept and fails nothing."""
    return {"record.json": {**sample(3), "mood": {"of": ["the", "registry"]}}}


@case
def not_pith() -> Files:
    """What is no Pith document is listed, and is no problem."""
    return {"image.png": b"\x89PNG\r\n\x1a\n", "numbers.json": b"[1, 2, 3]\n"}


@case
def wrapped_fail() -> Files:
    """A document within an envelope, a string or an array of other things is refused."""
    return {
        "array.json": json.dumps([1, sample(3)]).encode(),
        "deeper.json": {"hits": {"total": 1, "hits": [{"_source": sample(3)}]}},
        "beside.json": {"data": {"a": 1}, "other": sample(3)},
        "envelope.json": {"result": sample(3)},
        "text.json": {"message/body": json.dumps(sample(3))},
    }


@case
def enveloped() -> Files:
    """A document in an envelope as servers answer with is read as if it stood alone."""
    return {
        "data.json": {"ok": True, "data": sample(3)},
        "items.json": {"items": [sample(0)]},
        "message.json": {"status": "ok", "message": {"total": 1, "items": [sample(2)]}},
    }


def gzipped(raw: bytes) -> bytes:
    """Return gzip data that is only stored, so that it is the same with any library."""
    size = len(raw).to_bytes(2, "little")
    stored = b"\1" + size + bytes(byte ^ 255 for byte in size) + raw
    end = zlib.crc32(raw).to_bytes(4, "little") + len(raw).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(7) + stored + end


@case
def packed_under_a_plain_name_fail() -> Files:
    """Packed data is read under any name; if it cannot be unpacked, the refusal says its format."""
    header = tarfile.TarInfo("record.json")
    header.size = len(raw := json.dumps(sample(3)).encode())
    return {
        "record.json": gzipped(raw),
        "record.json.xz": b"\xfd7zXZ\0" + bytes(30),
        "records.7z": b"7z\xbc\xaf\x27\x1c" + bytes(30),
        "records.tar": header.tobuf() + raw + bytes(-len(raw) % 512 + 1024),
        "records.zip": b"PK\x03\x04" + bytes(30),
        "records.zstd": b"\x28\xb5\x2f\xfd" + bytes(30),
    }


@case
def duplicate_key_fail() -> Files:
    """Two values under one key refuse a document, as parsers differ in which one they take."""
    raw = json.dumps(sample(3)).replace('"schema_version":', '"record_type": 1, "schema_version":')
    return {"record.json": raw.encode()}


@case
def wrong_type_fail() -> Files:
    """A title that is a number refuses the document with the place."""
    record = sample(3)
    record["paper"]["title"] = 42
    return {"record.json": record}


@case
def truncated_fail() -> Files:
    """A document that was cut short is refused with the place."""
    return {"record.json": json.dumps(sample(3)).encode()[:1000]}


@case
def broken_archive_fail() -> Files:
    """Packed data that cannot be unpacked is a problem; the name of packed data alone is not."""
    raw = json.dumps(sample(3)).encode()
    return {"cut.json.gz": gzipped(raw)[:-9], "record.json.gz": raw}


# -- what an event, a receipt or a copy does not say ------------------------------------------


def beside(*strangers: Json) -> Json:
    """Return a signed bundle that holds events which its state calls invalid."""
    applied = bundle_of(OWN, plain())
    state = applied["state"] | {
        "event_count": 2 + len(strangers),
        "invalid_event_count": len(strangers),
        "invalid_events": [{"event_id": made["event_id"]} for made in strangers],
    }
    listed = [*strangers, *applied["events"], *strangers]
    bundle = applied | {"events": listed, "state": seal_state(state)}
    return seal_bundle(OWN, bundle, merge=False)


@case
def unapplied_event_fail() -> Files:
    """An event that its bundle's state did not apply changes neither the paper nor its proof."""
    stranger, record = Key("pith-etl author's key", "author-9"), canonical_record()
    graph = graph_snapshot("Hijacked")
    graph["paper"]["authors_text"] = "Mallory"
    payload = {"graph_snapshot": graph, "verdict_id": None}
    number = number_of(record)
    made = event(stranger, number, "graph_snapshot", payload, target="Mallory's")
    moved = event(stranger, number, "graph_snapshot", payload, subject_pith_number=None)
    shapeless = event(stranger, number, "graph_snapshot", {"note": ["of no known shape"]})
    begun = created(stranger, record)
    altered = made | {"payload": {"graph_snapshot": graph_snapshot("Altered")}}
    return own(bundle=beside(made, moved, shapeless, begun, altered))


@case
def beginning_unapplied_fail() -> Files:
    """A `record_created` that a bundle's state did not apply does not replace a missing one."""
    record, stranger = canonical_record(), Key("pith-etl author's key", "author-9")
    number, payload = number_of(record), created(stranger, record)["payload"]
    payload["attestation_state"] = "author_attested"
    begun = event(stranger, number, "record_created", payload)
    bundle = beside(begun)
    del bundle["events"][1], bundle["state"]["applied_event_ids"][0]
    bundle["state"]["current"]["record_created"] = None
    bundle["state"] |= {"event_count": 2, "valid_event_count": 1}
    sealed = bundle | {"state": seal_state(bundle["state"])}
    return own(bundle=seal_bundle(OWN, sealed, merge=False))


@case
def state_of_bundle_with_unapplied_fail() -> Files:
    """A copy of the state that a signed bundle with unapplied events embeds does not differ."""
    number = number_of(canonical_record())
    stranger = Key("pith-etl author's key", "author-9")
    taken = {"graph_snapshot": graph_snapshot(), "verdict_id": None}
    plainly = bundle_of(OWN, plain())
    events = [*plainly["events"], event(stranger, number, "graph_snapshot", taken)]
    bundle = seal_bundle(OWN, plainly | {"events": events}, merge=False)
    return own(bundle=bundle, state=bundle["state"])


@case
def events_of_no_type_fail() -> Files:
    """Events without a type contradict each other only at one place."""
    number, first = number_of(canonical_record()), plain()[0]["event_id"]
    places: list[Json] = [
        {"target": "a", "prev_event": first},
        {"target": "b", "prev_event": first},
        {"target": "b", "prev_event": 0},
    ]
    made = [event(OWN, number, "none", {}, **place) for place in places]
    odd = [seal_event(OWN, one | {"event_type": None}) for one in made]
    bundle = bundle_of(OWN, plain())
    return own(bundle=seal_bundle(OWN, bundle | {"events": [*plain(), *odd]}, merge=False))


@case
def receipt_of_another_record_fail() -> Files:
    """A receipt beside another canonical record than its own proves nothing of the paper."""
    record = canonical_record("A Paper That Never Was")
    forged = bundle_of(OWN, plain())["state"]
    forged["pith_number"] = number_of(record)
    forged["current"] |= {"canonical_record": record, "source_aliases": aliases_of(record)}
    taken = forged["current"]["graph_snapshots"][0]["payload"]["graph_snapshot"]
    taken["paper"]["title"] = "A Paper That Never Was"
    return own(state=seal_state(forged))


@case
def record_created_elsewhere_fail() -> Files:
    """A second `record_created` is found, wherever in a chain it stands and whoever signed it."""
    first = plain()
    other = Key("pith-etl author's key", "author-9")
    again = created(other, canonical_record(), prev_event=first[0]["event_id"], target="other")
    files = own(bundle=bundle_of(OWN, [*first, again]))
    return files | {"keyring.json": keyring(OWN.pinned(), other.pinned())}


@case
def equivocation_of_names_fail() -> Files:
    """One key that signs two events for one place contradicts itself, under whatever names."""
    events = plain()
    others = [
        snapshot(
            OWN,
            canonical_record(),
            prev_event=events[0]["event_id"],
            signer={"signer_id": name, "signer_type": "pith_registry", **OWN.labels()},
        )
        for name in ("one", "other")
    ]
    return own(bundle=bundle_of(OWN, [events[0], *others]))


@case
def prev_event_empty() -> Files:
    """An event whose previous event is "" or [] takes no place in a chain."""
    nothing: list[object] = ["", "", [], []]
    events = [
        snapshot(OWN, canonical_record(), prev_event=link, created_at=f"2026-06-01T00:00:01.{at}Z")
        for at, link in enumerate(nothing)
    ]
    return own(bundle=bundle_of(OWN, [plain()[0], *events]))


@case
def state_of_newer_bundle() -> Files:
    """A state that differs from an old bundle may be that of a newer one whose merge is unknown."""
    correction = event(OWN, number_of(canonical_record()), "correction", {"note": "a word"})
    newer = bundle_of(OWN, [*plain(), correction], built_at="2026-06-30T00:00:00Z")
    return own(old=bundle_of(OWN, plain()), newer=newer, state=newer["state"])


@case
def state_of_bundle_without() -> Files:
    """A signed bundle reproduces a standalone state, even if it embeds none."""
    bundle = bundle_of(OWN, plain())
    return own(
        bundle=seal_bundle(OWN, without(bundle, "state"), merge=False), state=bundle["state"]
    )


@case
def key_of_other_name_fail() -> Files:
    """A signature by the pinned key is valid under any name that a bundle gives the key."""
    bundle = bundle_of(OWN, plain())
    bundle["public_keys"] = [OWN.carried() | {"key_id": "other"}]
    other = copy.copy(OWN)
    other.key_id, other.fingerprint = "other", ""
    return own(bundle=seal_bundle(other, bundle))


@case
def key_carried_once_fail() -> Files:
    """A signature holds by an unpinned key, even if only one of its documents carries that key."""
    stranger = Key("pith-etl author's key", "author-9")
    number = number_of(canonical_record())
    attested = event(stranger, number, "author_attestation", {"author": "Alice Example"})
    keyless = bundle_of(OWN, [*plain(), attested])
    keyed = bundle_of(OWN, [*plain(), attested], built_at="2026-06-01T12:00:00Z")
    keyed["public_keys"].append(stranger.carried())
    return own(keyed=seal_bundle(OWN, keyed), keyless=keyless)


@case
def times_spelled_otherwise() -> Files:
    """A time that is written in two ways is the same time, in copies of metadata and of texts."""
    record = canonical_record()
    texts = graph_snapshot()["paper"]
    document = {
        "record_type": "pith_number_record",
        "pith_number": number_of(record),
        "canonical_record": record,
        "canonical_sha256": digest(record),
        "paper": texts | {"submitted_at": "2024-01-01T13:00:00.000+01:00"},
        "graph_snapshot": graph_snapshot(),
        "receipt": receipt(OWN, digest(record), "2026-06-01T00:00:00Z"),
        "aliases": aliases_of(record),
    }
    document["graph_snapshot"]["paper"]["submitted_at"] = "2024-01-01T12:00:00+00:00"
    return own(record=document)


@case
def citation_places() -> Files:
    """The place of a reference is an integer or unknown; an empty Pith number is ignored."""
    number = number_of(canonical_record())
    places: list[object] = [7, 4.6, 5e-324, "0x10", "1000", 2**63, True, None]
    cited = [
        event(OWN, number, "citation_signature", {"citing_arxiv_id": name, "ref_index": place})
        for name, place in zip("abcdefgh", places, strict=True)
    ]
    named = {"citing_arxiv_id": "2401.00001v1", "citing_pith_number": ""}
    cited.append(event(OWN, number, "citation_signature", named))
    return own(bundle=bundle_of(OWN, [*plain(), *cited]))


@case
def citations_of_several_titles() -> Files:
    """A record's sample is kept whole; an older record tells no title of the same citation."""
    older, newer = sample(3), sample(3)
    cites = {"citing_arxiv_id": "2401.00001", "ref_index": 1}
    sampled = [cites | {"citing_title": title} for title in ("One", "Another", "One")]
    newer["inbound_citations"] |= {"count": 3, "sample": sampled}
    newer["updated_at"] = "2026-07-01T00:00:00Z"
    older["inbound_citations"] |= {"count": 1, "sample": [cites | {"citing_title": "Older"}]}
    return {"newer.json": newer, "older.json": older}


@case
def state_lists_alone() -> Files:
    """What an embedded state lists besides the events of its bundle is kept as extra fields."""
    bundle = bundle_of(OWN, plain())
    bundle["state"]["current"] |= {
        "corrections": [{"event_id": ["odd"], "note": "of no event"}, "odd"],
        "author_attestations": {"odd": True},
    }
    sealed = bundle | {"state": seal_state(bundle["state"]), "merge_version": "unknown"}
    return own(bundle=seal_bundle(OWN, sealed, merge=False))


@case
def refused_of_a_paper_fail() -> Files:
    """A document that is refused for its shape counts for the paper whose number it states."""
    bundle = bundle_of(OWN, plain())
    return own(bundle=bundle, refused=bundle | {"events": "none"})


if __name__ == "__main__":
    write(Path(__file__).parent)
