-- How many documents are refused or unreadable, and how many fields have no column.
select
    count(*) filter (where status in ('refused', 'unreadable')),
    coalesce(sum(extra_count), 0)::bigint
from documents
