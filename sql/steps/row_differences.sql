-- The rows that differ between two snapshots: what happened to each, and the row. For a changed row
-- also the names of the columns that changed, and the row before.
-- `pairs` has for each key the old row and the new row, each a struct or null, and the names of the
-- columns in which they differ.
with differing as (
    select
        case
            when old is null then 'added'
            when new is null then 'removed'
            else 'changed'
        end as change,
        case when old is not null and new is not null then columns end as changed_columns,
        coalesce(new, old) as whole,
        case when new is not null then old end as before
    from pairs
    where old is distinct from new
)

select
    change,
    changed_columns,
    unnest(whole),
    before
from differing
