-- The papers that $text names, $most of them at most, and how many there are.
select
    pith_number,
    count(*) over () as papers
from papers
where pith_number in (from resolve($text))
order by vouched(proof) desc, source_version desc, pith_number
limit $most
