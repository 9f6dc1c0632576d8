-- Documents by kind and status.
select
    coalesce(kind, '—') as kind,
    status,
    count(*) as documents,
    sum(bytes)::bigint as bytes,
    count(*) filter (where stale) as stale
from documents
group by kind, status
order by documents desc, kind, status
