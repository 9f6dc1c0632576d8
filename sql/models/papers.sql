-- One row a Pith number, from its best-proven document. The columns that only records state
-- (status, inbound citations) come from the best eligible record.
with best as (
    select
        paper.*,
        proof.sha256,
        proof.proof,
        proof.kind as document_kind
    from staged_papers as paper
    inner join proof using (doc)
    where proof.rank = 1
),

best_record as (
    select
        record.*,
        proof.sha256
    from staged_records as record
    inner join proof using (doc)
    where proof.eligible
    qualify row_number() over (partition by proof.pith_number order by proof.rank) = 1
),

coverage as (
    select
        pith_number,
        bool_or(kind = 'record') as has_record,
        bool_or(kind = 'bundle') as has_bundle,
        bool_or(kind = 'state') as has_state,
        coalesce(list(sha256 order by rank) filter (rank > 1), []) as other_documents
    from proof
    where eligible
    group by pith_number
)

select
    best.pith_number,
    substr(best.pith_number, 1, 5) || substr(best.pith_number, 11, 8) as short_pith_number,
    best.source_kind,
    best.source_id,
    best.source_version,
    best.submitted_at,
    best.license,
    best.primary_cat,
    best.cross_cats,
    best.title,
    best.title_status,
    best.authors_text,
    best.abstract_excerpt,
    best.abstract_status,
    best.headline,
    best.canonical_sha256,
    best.canonical_status,
    best.number_status,
    case
        -- a receipt signs the canonical record in its own document, which may be another document
        when receipt.status in ('valid', 'untrusted_key')
            and receipt.digest_computed <> best.canonical_sha256
            then 'digest_mismatch'
        -- also null if the document has no receipt
        else coalesce(receipt.status, 'missing')
    end as receipt_status,
    best.proof,
    best.title_canon_sha256,
    best.abstract_canon_sha256,
    best.schema_version,
    best.attestation_state,
    best.receipt_kind,
    best.receipt_version,
    best.receipt_builder_version,
    receipt.key_id as receipt_key_id,
    receipt.signed_at as receipt_signed_at,
    best.receipt_first_computed_at,
    best.receipt_last_reissued_at,
    best.graph_builder_version,
    best.claims_count,
    best.claims_snapshot_sha256,
    best.references_count,
    best.references_resolved_work,
    best.references_internal_anchors,
    best.references_snapshot_sha256,
    best.formal_canon_evidence_count,
    best.formal_canon_snapshot_sha256,
    best.author_claims_count,
    best.author_claims_strong_count,
    best.author_claims_snapshot_sha256,
    best.verdict_id,
    best.verdict_created_at,
    best.verdict_pipeline_version,
    best.verdict_strongest_claim,
    best.verdict_weakest_assumption,
    best.verdict_one_line_summary,
    best.verdict_extraction_headline,
    best_record.content_addressed as stated_content_addressed,
    best_record.pith_receipt as stated_pith_receipt,
    best_record.author_attested as stated_author_attested,
    best_record.weak_author_claims as stated_weak_author_claims,
    best_record.strong_author_claims as stated_strong_author_claims,
    best_record.externally_anchored as stated_externally_anchored,
    best_record.storage_verified as stated_storage_verified,
    best_record.citation_signatures as stated_citation_signatures,
    best_record.replication_records as stated_replication_records,
    best_record.graph_snapshot as stated_graph_snapshot,
    best_record.references_resolved as stated_references_resolved,
    best_record.formal_links_present as stated_formal_links_present,
    best_record.inbound_citation_count,
    best_record.inbound_internal_anchor_count,
    best_record.inbound_sample_count,
    best_record.formal_canon_evidence_count as record_formal_canon_evidence_count,
    coverage.has_record,
    coverage.has_bundle,
    coverage.has_state,
    best.document_kind,
    best.sha256 as document_sha256,
    best_record.sha256 as record_sha256,
    coverage.other_documents,
    document.extra
from best
inner join coverage using (pith_number)
inner join staged_documents as document on best.doc = document.doc
left join best_record on best.pith_number = best_record.pith_number
left join signature_statuses as receipt
    on best.doc = receipt.doc and best.receipt_pointer = receipt.pointer
