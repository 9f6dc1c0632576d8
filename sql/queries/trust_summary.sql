-- How far can the papers be trusted, and why not further?
select
    trust,
    why,
    count(*) as papers,
    min(pith_number) as example
from trust
group by trust, why
order by papers desc, trust, why
