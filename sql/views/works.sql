-- Every work: the versions of one source id together, the newest first. Proven versions
-- come first. If there are any, only they are counted and date the work. A version without
-- a version number counts as the oldest.
with vouched as (
    select
        *,
        vouched(proof) as is_vouched,
        bool_or(vouched(proof)) over (
            partition by source_kind, source_id
        ) as any_vouched
    from papers
),

ranked as (
    select
        *,
        is_vouched or not any_vouched as counts,
        -- in a row of values null is the greatest
        (is_vouched, source_version is not null, source_version, pith_number) as place
    from vouched
)

select
    source_kind,
    source_id,
    count(*) filter (where counts) as version_count,
    first(pith_number order by place desc) as latest_pith_number,
    first(source_version order by place desc) as latest_version,
    first(title order by place desc) as title,
    first(primary_cat order by place desc) as primary_cat,
    min(submitted_at) filter (where counts) as first_submitted_at,
    max(submitted_at) filter (where counts) as last_submitted_at,
    list(source_version order by place desc) as versions,
    list(pith_number order by place desc) as pith_numbers,
    list(proof order by place desc) as proofs
from ranked
group by source_kind, source_id
