-- Every input document: one row for each place where one was found, with its status.
with verdicts as (
    select
        doc,
        max(status) filter (where kind = 'bundle') as bundle_signature_status,
        -- null: the digest cannot be recomputed
        bool_and(case status when 'valid' then true when 'digest_unproven' then null else false end)
            as signatures_valid
    from signature_statuses
    group by doc
),

digests as (
    select
        doc,
        bool_or(breaks) as broken
    from staged_problems
    group by doc
)

select
    input.path,
    input.position,
    document.kind,
    input.bytes,
    input.sha256,
    input.status,
    input.reason,
    input.place as pointer,
    document.pith_number,
    input.stale,
    proof.proof,
    case
        when digests.broken then false
        -- the digests of an integrity document cannot be recomputed, and a manifest has none
        when document.kind in ('record', 'bundle', 'state') then true
    end as digests_ok,
    verdicts.signatures_valid,
    document.short_pith_number,
    document.format_version,
    document.schema_url,
    document.merge_version,
    document.created_at,
    document.updated_at,
    document.built_at,
    nullif(document.canonical_sha256, document.canonical_sha256_computed) as canonical_sha256,
    document.canonical_sha256_computed,
    nullif(document.bundle_sha256, document.bundle_sha256_computed) as bundle_sha256,
    document.bundle_sha256_computed,
    case
        when document.bundle_sha256_computed is null then null
        when document.bundle_sha256 is null then 'missing'
        when document.bundle_sha256 = document.bundle_sha256_computed then 'verified'
        else 'mismatch'
    end as bundle_status,
    verdicts.bundle_signature_status,
    document.links,
    document.agent_actions,
    document.mirror_hints,
    document.header,
    coalesce(document.extra_count, 0) as extra_count,
    document.extra
from fresh_inputs as input
left join staged_documents as document using (doc)
left join proof using (doc)
left join verdicts using (doc)
left join digests using (doc)
