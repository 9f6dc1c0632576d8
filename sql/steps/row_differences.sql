-- The rows that differ between two snapshots: what happened to each, the row, and of a changed one
-- what it was before, as JSON.
-- `pairs` are the rows of the old and of the new one that have the same key, each a struct, null
-- where there is none.
with differing as (
    select
        case
            when old is null then 'added'
            when new is null then 'removed'
            else 'changed'
        end as change,
        coalesce(new, old) as whole,
        case when new is not null then to_json(old)::varchar end as before
    from pairs
    where old is distinct from new
)

select
    change,
    unnest(whole),
    before
from differing
