"""Where each JSON path of the five real documents goes.

`PLACES` says of every path, by kind of document and with `*` for an index, in which columns its
values are, or why it has none. A list of plain values is one path.
"""

from __future__ import annotations

Places = dict[str, tuple[str, ...]]

# Why a path has no column:
#: It repeats a value that is better vouched for elsewhere in the document. If the two disagree,
#: that is a problem at the pointer of this one.
REPEATED = "repeated"
#: It belongs to an embedded state, which is computed from the events of its bundle. If it differs,
#: the state is `differs` instead of `reproduced`, with the pointer of this value.
MERGED = "merged"
#: It is empty in every real document; any other value is kept in `documents.extra`.
UNSEEN = "unseen"
#: A list whose items are rows of their own, and which is empty here.
NO_ROWS = "no rows"
#: It marks the kind of the document, which is `documents.kind`.
MARKER = "marker"


def _under(prefix: str, places: dict[str, str | tuple[str, ...]]) -> Places:
    return {
        prefix + path: (place,) if isinstance(place, str) else place
        for path, place in places.items()
    }


def _repeated(prefix: str, names: str) -> Places:
    return _under(prefix, dict.fromkeys(names.split(), REPEATED))


def _also(places: Places, column: str) -> Places:
    """Add the column of JSON that keeps the whole of which the places are parts."""
    return {
        path: (*(place for place in found if place not in (REPEATED, UNSEEN, NO_ROWS)), column)
        for path, found in places.items()
    }


def _canonical(prefix: str) -> Places:
    return _under(
        prefix,
        {
            "source/kind": "papers.source_kind",
            "source/id": "papers.source_id",
            "source/version": "papers.source_version",
            "metadata/license": "papers.license",
            "metadata/primary_cat": ("papers.primary_cat", "categories.category"),
            "metadata/submitted_at": "papers.submitted_at",
            "metadata/cross_cats_sorted": "papers.cross_cats",
            "metadata/title_canon_sha256": "papers.title_canon_sha256",
            "metadata/abstract_canon_sha256": "papers.abstract_canon_sha256",
            "schema_version": "papers.schema_version",
        },
    )


def _signature(prefix: str, digest: str) -> Places:
    return _under(
        prefix,
        {
            "signature_status": "signatures.stated_status",
            "algorithm": "signatures.algorithm",
            "key_id": "signatures.key_id",
            "public_key_fingerprint": "signatures.public_key_fingerprint",
            "signature_b64": "signatures.signature_b64",
            "signed_message": "signatures.signed_message",
            "signed_at": "signatures.signed_at",
            **({digest: "signatures.digest_computed"} if digest else {}),
        },
    )


def _receipt(prefix: str) -> Places:
    return {
        **_signature(prefix, "canonical_sha256"),
        **_under(
            prefix,
            {
                "kind": "papers.receipt_kind",
                "key_id": ("signatures.key_id", "papers.receipt_key_id"),
                "signed_at": ("signatures.signed_at", "papers.receipt_signed_at"),
                "builder_version": "papers.receipt_builder_version",
                "receipt_version": "papers.receipt_version",
                "last_reissued_at": "papers.receipt_last_reissued_at",
                "first_computed_at": "papers.receipt_first_computed_at",
            },
        ),
    }


def _texts(prefix: str) -> Places:
    return {
        **_under(
            prefix,
            {
                "title": "papers.title",
                "headline": "papers.headline",
                "authors_text": "papers.authors_text",
                "abstract_excerpt": "papers.abstract_excerpt",
            },
        ),
        **_repeated(prefix, "license cross_cats primary_cat submitted_at"),
    }


def _graph(prefix: str) -> Places:
    """Return the places of a graph snapshot, without its texts."""
    return {
        **_repeated(prefix, "source/kind source/id source/version"),
        **_under(
            prefix,
            {
                "claims/count": "papers.claims_count",
                "claims/items": NO_ROWS,
                "claims/snapshot_sha256": "papers.claims_snapshot_sha256",
                "verdict/id": "papers.verdict_id",
                "verdict/model_set": UNSEEN,
                "verdict/created_at": "papers.verdict_created_at",
                "verdict/strongest_claim": "papers.verdict_strongest_claim",
                "verdict/one_line_summary": "papers.verdict_one_line_summary",
                "verdict/pipeline_version": "papers.verdict_pipeline_version",
                "verdict/weakest_assumption": "papers.verdict_weakest_assumption",
                "verdict/pith_extraction_headline": "papers.verdict_extraction_headline",
                "references/count": "papers.references_count",
                "references/sample": UNSEEN,
                "references/resolved_work": "papers.references_resolved_work",
                "references/snapshot_sha256": "papers.references_snapshot_sha256",
                "references/internal_anchors": "papers.references_internal_anchors",
                "formal_canon/evidence_count": "papers.formal_canon_evidence_count",
                "formal_canon/snapshot_sha256": "papers.formal_canon_snapshot_sha256",
                "author_claims/count": "papers.author_claims_count",
                "author_claims/strong_count": "papers.author_claims_strong_count",
                "author_claims/snapshot_sha256": "papers.author_claims_snapshot_sha256",
                "builder_version": "papers.graph_builder_version",
            },
        ),
    }


def _aliases(prefix: str) -> Places:
    return _under(
        prefix,
        {
            "*/alias_kind": "aliases.kind",
            "*/alias_value": "aliases.value",
            "*/created_at": "aliases.created_at",
        },
    )


def _signer(prefix: str) -> Places:
    return _under(
        prefix,
        {
            "signer_id": "events.signer_id",
            "signer_type": "events.signer_type",
            "key_id": "events.signer_key_id",
            "public_key_fingerprint": "events.signer_fingerprint",
        },
    )


def _created(prefix: str) -> Places:
    """Return the places of the payload of `record_created`."""
    found = {
        **_canonical(f"{prefix}canonical_record/"),
        **_receipt(f"{prefix}receipt/"),
        **_under(
            prefix,
            {
                "canonical_sha256": "papers.canonical_sha256",
                "attestation_state": "papers.attestation_state",
                "source_kind": REPEATED,
                "source_id": REPEATED,
                "source_version": REPEATED,
            },
        ),
    }
    return _also(found, f"events.payload:{prefix}")


def _snapshot(prefix: str) -> Places:
    """Return the places of the payload of `graph_snapshot`."""
    found = {
        **_texts(f"{prefix}graph_snapshot/paper/"),
        **_graph(f"{prefix}graph_snapshot/"),
        f"{prefix}verdict_id": (),
    }
    return _also(found, f"events.payload:{prefix}")


def _event(prefix: str) -> Places:
    return {
        **_signer(f"{prefix}signer/"),
        **_under(
            prefix,
            {
                "event_id": "events.event_id",
                "target": "events.target",
                "created_at": "events.created_at",
            },
        ),
    }


def _json(column: str, prefix: str, names: str) -> Places:
    return {f"{prefix}{name}": (f"{column}:{prefix}",) for name in names.split()}


RECORD: Places = {
    **_canonical("/canonical_record/"),
    **_receipt("/receipt/"),
    **_texts("/paper/"),
    **_graph("/graph_snapshot/"),
    **_repeated("/graph_snapshot/paper/", " ".join(_texts(""))),
    **_repeated("/source/", "kind id version"),
    **_aliases("/aliases/"),
    **_json("documents.links", "/links/", "events_json graph_json html json paper"),
    **_json(
        "documents.agent_actions",
        "/agent_actions/",
        "actions/anchor_timestamp actions/attest_author actions/attest_storage "
        "actions/sign_citation actions/submit_replication download_json fetch_events "
        "fetch_graph resolve_alias view_html view_paper",
    ),
    **_under(
        "/verification_status/",
        {
            name: f"papers.stated_{name}"
            for name in (
                "author_attested",
                "citation_signatures",
                "content_addressed",
                "externally_anchored",
                "formal_links_present",
                "graph_snapshot",
                "pith_receipt",
                "references_resolved",
                "replication_records",
                "storage_verified",
                "strong_author_claims",
                "weak_author_claims",
            )
        },
    ),
    **_under(
        "/inbound_citations/",
        {
            "count": "papers.inbound_citation_count",
            "internal_anchor_count": "papers.inbound_internal_anchor_count",
            "sample": NO_ROWS,
            "sample/*/citing_arxiv_id": "citations.citing_arxiv_id",
            "sample/*/citing_title": "citations.citing_title",
            "sample/*/is_internal_anchor": "citations.is_internal_anchor",
            "sample/*/ref_index": "citations.ref_index",
        },
    ),
    **_under(
        "/",
        {
            "record_type": MARKER,
            "schema_url": "documents.schema_url",
            "pith_number": ("documents.pith_number", "papers.pith_number"),
            "short_pith_number": ("documents.short_pith_number", "papers.short_pith_number"),
            "schema_version": "documents.format_version",
            "canonical_sha256": ("documents.canonical_sha256_computed", "papers.canonical_sha256"),
            "attestation_state": "papers.attestation_state",
            "events": UNSEEN,
            "event_summary": UNSEEN,
            "paper_claims": UNSEEN,
            "formal_canon/evidence_count": "papers.record_formal_canon_evidence_count",
            "formal_canon/sample": UNSEEN,
            "formal_canon/anchors": UNSEEN,
            "created_at": "documents.created_at",
            "updated_at": "documents.updated_at",
        },
    ),
}

STATE: Places = {
    **_canonical("/current/canonical_record/"),
    **_aliases("/current/source_aliases/"),
    **_event("/current/record_created/"),
    **_created("/current/record_created/payload/"),
    **_event("/current/graph_snapshots/*/"),
    **_snapshot("/current/graph_snapshots/*/payload/"),
    **_under(
        "/current/",
        {
            "author_attestations": NO_ROWS,
            "timestamp_anchors": NO_ROWS,
            "storage_attestations": NO_ROWS,
            "citation_signatures": NO_ROWS,
            "replication_records": NO_ROWS,
            "corrections": NO_ROWS,
            "mirror_hints": UNSEEN,
        },
    ),
    **_under(
        "/",
        {
            "state_type": MARKER,
            "state_version": ("documents.format_version", "states.state_version"),
            "pith_number": ("documents.pith_number", "states.pith_number"),
            "merge_version": ("documents.merge_version", "states.merge_version"),
            "event_count": "states.event_count",
            "valid_event_count": "states.valid_event_count",
            "invalid_event_count": "states.invalid_event_count",
            "equivocation_count": "states.equivocation_count",
            "equivocations": "states.equivocations",
            "invalid_events": "states.invalid_events",
            "applied_event_ids": "states.applied_event_ids",
            "state_sha256": "states.state_sha256_computed",
        },
    ),
}


def _embedded(places: Places) -> Places:
    """Return the places of a state within a bundle: its own columns, the rest merged."""
    return {
        f"/state{path}": tuple(p for p in found if p.startswith("states.")) or (MERGED,)
        for path, found in places.items()
    }


BUNDLE: Places = {
    **_canonical("/canonical_record/"),
    **_repeated("/source/", "kind id version"),
    **_aliases("/source_aliases/"),
    **_event("/events/*/"),
    **_created("/events/*/payload/"),
    **_snapshot("/events/*/payload/"),
    **_signature("/events/*/signature/", ""),
    **_signature("/bundle_signature/", "bundle_sha256"),
    **_embedded(STATE),
    **_json("documents.links", "/links/", "bundle resolver state well_known_bundle"),
    **_json(
        "documents.mirror_hints",
        "/mirror_hints/",
        "*/base_url */bundle_url */mirror_type */name */state_url */status */well_known_bundle_url",
    ),
    **_under(
        "/events/*/",
        {
            "event_type": "events.event_type",
            "subject_pith_number": "events.pith_number",
            "supersedes": "events.supersedes",
            "prev_event": "events.prev_event",
            "content_sha256": "signatures.digest_computed",
            "schema_version": "events.schema_version",
            "signature/signed_at": ("events.signed_at", "signatures.signed_at"),
        },
    ),
    **_under(
        "/public_keys/*/",
        {
            "key_id": "keys.key_id",
            "algorithm": "keys.algorithm",
            "format": "keys.format",
            "public_key_b64": "keys.public_key_b64",
            "public_key_hex": "keys.public_key_hex",
            "fingerprint_sha256_b32_first128bits": "keys.fingerprint_sha256_b32",
            "fingerprint_sha256_hex": "keys.fingerprint_sha256_hex",
            "rotates_at": "keys.rotates_at",
            "url": "keys.url",
            "notes": "keys.notes",
        },
    ),
    **_under(
        "/",
        {
            "bundle_type": MARKER,
            "bundle_version": "documents.format_version",
            "pith_number": ("documents.pith_number", "papers.pith_number"),
            "short_pith_number": ("documents.short_pith_number", "papers.short_pith_number"),
            "canonical_sha256": ("documents.canonical_sha256_computed", "papers.canonical_sha256"),
            "timestamp_proofs": UNSEEN,
            "merge_version": "documents.merge_version",
            "built_at": "documents.built_at",
            "bundle_signature/bundle_sha256": (
                "documents.bundle_sha256_computed",
                "signatures.digest_computed",
            ),
        },
    ),
}

PLACES = {"record": RECORD, "bundle": BUNDLE, "state": STATE}
