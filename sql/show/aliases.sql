-- Aliases
select
    kind,
    value,
    well_formed,
    created_at as since,
    proof
from aliases
where pith_number = $number
order by vouched(proof) desc, kind, value
