-- Why rows of `documents` are no documents that were read whole: the $most most frequent reasons.
select
    status,
    reason,
    count(*) as rows
from documents
where status <> 'ok'
group by
    status,
    reason
order by
    rows desc,
    status,
    reason
limit $most
