-- Signatures by what they sign and how they hold.
select
    kind,
    status,
    count(*) as signatures,
    sum(stands_in)::bigint as places
from signatures
group by kind, status
order by kind, status != 'valid', signatures desc, status
