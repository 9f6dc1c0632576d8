-- In how many files documents stand, how many are refused or unreadable, and how many fields have no
-- column.
select
    count(distinct split_part(path, '!', 1)),
    count(*) filter (where status in ('refused', 'unreadable')),
    coalesce(sum(extra_count), 0)::bigint
from documents
