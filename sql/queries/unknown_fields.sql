-- Which fields have no column of their own, and how often do they come?
-- param: rows = 100; how many to show
with fields as (
    select
        kind,
        sha256,
        -- the place in a list does not matter
        regexp_replace(unnest(json_keys(extra)), '/\d+\b', '/*', 'g') as field
    from documents
    where extra_count > 0
)

select
    kind,
    field,
    count(*) as times,
    count(distinct sha256) as documents,
    min(sha256) as example_sha256
from fields
group by kind, field
order by documents desc, kind, field
limit $rows::bigint
