-- Which fields have no column of their own, and how often do they come?
-- param: rows = 100; how many to show
-- only DuckDB: it takes lists apart
with fields as (
    select
        kind,
        sha256,
        -- the place in a list does not matter
        array_to_string(
            list_transform(
                string_split(unnest(json_keys(extra)), '/'),
                lambda step: if(regexp_full_match(step, '[0-9]+'), '*', step)
            ),
            '/'
        ) as field
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
limit cast($rows as bigint)
