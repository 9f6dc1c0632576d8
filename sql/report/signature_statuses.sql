-- Signatures by how they hold.
select
    status,
    count(*) as signatures
from signatures
group by status
order by status != 'valid', signatures desc, status
