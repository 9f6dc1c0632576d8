-- Digests
with stated as (
    select
        1 as place,
        'canonical record' as what,
        canonical_status as verdict,
        canonical_sha256 as digest,
        document_sha256,
        true as proven
    from papers
    where pith_number = $number
    union all
    select 2, 'Pith number', number_status, null, document_sha256, true
    from papers
    where pith_number = $number
    union all
    select 3, 'title', title_status, title_canon_sha256, document_sha256, true
    from papers
    where pith_number = $number
    union all
    select 4, 'abstract', abstract_status, abstract_canon_sha256, document_sha256, true
    from papers
    where pith_number = $number
    union all
    select
        5,
        event_type || ' event',
        case content_ok when true then 'verified' when false then 'mismatch' else 'unverifiable' end,
        case when content_ok then substr(event_id, 8) else content_sha256_computed end,
        document_sha256,
        vouched(proof)
    from events
    where pith_number = $number
    union all
    select
        6,
        case when embedded then 'state in bundle' else 'state' end,
        state_status || ', ' || merge_status,
        state_sha256_computed,
        document_sha256,
        vouched(proof)
    from states
    where pith_number = $number
    union all
    select distinct
        7,
        'bundle',
        bundle_status,
        bundle_sha256_computed,
        sha256,
        vouched(proof)
    from documents
    where pith_number = $number and kind = 'bundle'
)

select * exclude (place, proven)
from stated
order by proven desc nulls last, place, what, digest, document_sha256
