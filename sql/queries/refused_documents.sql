-- Which documents were refused, and why?
-- param: rows = 100; how many to show
select
    status,
    path,
    position,
    reason,
    pointer,
    stale
from documents
where status not in ('ok', 'not_pith')
order by status, path, position
limit cast($rows as bigint)
