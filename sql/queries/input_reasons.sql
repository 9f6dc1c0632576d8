-- What became of all that was read, and why was some of it not read whole?
-- param: rows = 100; how many to show
select
    status,
    reason,
    count(*) as documents,
    count(*) filter (where stale) as stale,
    min(path) as example_path
from documents
group by status, reason
order by status <> 'ok', documents desc, status, reason
limit cast($rows as bigint)
