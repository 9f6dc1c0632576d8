-- The sources in which no Pith document was recognised.
-- $sources are how the paths of each begin.
with sources as (
    select unnest($sources::varchar[]) as prefix
),

recognised as (
    select distinct split_part(path, '!', 1) as path
    from inputs
    where status in ('ok', 'unsupported') or stale
)

-- the first path that sorts after the beginning of a source is one below it, if there is any
select prefix
from sources
asof left join recognised on prefix <= path
where
    not coalesce(
        path = prefix or (ends_with(prefix, '/') and starts_with(path, prefix)),
        false
    )
order by prefix
