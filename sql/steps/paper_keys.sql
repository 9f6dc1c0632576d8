-- How many papers have each key of a Pith number, in the order of the keys.
select
    number_key(pith_number) as key,
    count(*) as papers
from (
    select distinct pith_number
    from part_documents
    semi join live using (doc)
    where pith_number is not null
)
where number_key(pith_number) < 16777215
group by key
order by key
