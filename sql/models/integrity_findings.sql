-- Every finding of the registry's detectors once, by its `evidence_hash`. The row comes from the
-- statements that count most. The latest of these decides whether the finding is withdrawn. A
-- withdrawal counts if a pinned key signed it, or if no statement says otherwise.
with best as (
    select
        *,
        bool_and(verdict_class is not distinct from 'rescinded') over (partition by finding_id)
            as undisputed
    from integrity_statements
    qualify weight = max(weight) over (partition by finding_id)
),

latest as (
    select
        finding_id,
        audited_at,
        coalesce(verdict_class = 'rescinded', false) and (weight >= 4 or undisputed) as rescinded
    from best
    qualify row_number() over (
        partition by finding_id
        order by
            audited_at desc nulls last,
            created_at desc nulls last,
            verdict_class is not distinct from 'rescinded' desc,
            sha256,
            pointer
    ) = 1
),

-- a finding has more columns than its withdrawal
telling as (
    select *
    from best
    qualify row_number() over (
        partition by finding_id
        order by
            verdict_class is not distinct from 'rescinded',
            audited_at desc nulls last,
            created_at desc nulls last,
            -- an event has more columns than an item of a list
            origin = 'listed',
            sha256,
            pointer
    ) = 1
),

counted as (
    select
        finding_id,
        count(*) as statements
    from integrity_statements
    group by finding_id
)

select
    telling.finding_id,
    telling.arxiv_id,
    telling.paper_version,
    telling.pith_number,
    telling.detector,
    telling.detector_version,
    telling.finding_type,
    telling.severity,
    telling.verdict_class,
    latest.rescinded,
    case when latest.rescinded then latest.audited_at end as rescinded_at,
    telling.ref_index,
    telling.detected_doi,
    telling.detected_arxiv_id,
    telling.resolved_title,
    telling.external_url,
    telling.detector_url,
    telling.snippet,
    telling.note,
    telling.evidence,
    telling.audited_at,
    telling.evidence_hash,
    telling.signature_status,
    telling.payload_status,
    telling.payload_sha256,
    telling.event_id,
    telling.created_at,
    telling.signing_key_id,
    telling.public_key_b64,
    telling.origin,
    counted.statements,
    telling.proof,
    telling.sha256 as document_sha256,
    telling.pointer
from telling
inner join latest using (finding_id)
inner join counted using (finding_id)
