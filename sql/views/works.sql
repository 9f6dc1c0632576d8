-- Every work: the versions of one source id together, the newest first. What a receipt vouches
-- for comes before what only claims to be a version; one without a number is no newer than any.
with ranked as (
    select
        *,
        -- in a row of values null is the greatest
        (
            proof in ('signed', 'receipt'),
            source_version is not null,
            source_version,
            pith_number
        ) as place
    from papers
)

select
    source_kind,
    source_id,
    count(*) as version_count,
    first(pith_number order by place desc) as latest_pith_number,
    first(source_version order by place desc) as latest_version,
    first(title order by place desc) as title,
    first(primary_cat order by place desc) as primary_cat,
    min(submitted_at) as first_submitted_at,
    max(submitted_at) as last_submitted_at,
    list(source_version order by place desc) as versions,
    list(pith_number order by place desc) as pith_numbers,
    list(proof order by place desc) as proofs
from ranked
group by source_kind, source_id
