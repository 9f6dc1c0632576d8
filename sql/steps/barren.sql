-- The sources in which no Pith document was recognised.
-- $sources are the beginnings of their paths.
with sources as (
    select unnest($sources::varchar[]) as prefix
),

recognised as (
    select distinct split_part(path, '!', 1) as path
    from inputs
    where status in ('ok', 'unsupported') or stale
)

-- paths are sorted: if a source has a path, it is the first one after its beginning
select prefix
from sources
asof left join recognised on prefix <= path
where
    not coalesce(
        path = prefix or (ends_with(prefix, '/') and starts_with(path, prefix)),
        false
    )
order by prefix
