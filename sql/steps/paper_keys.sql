-- How many papers have each key of a Pith number, in the order of the keys.
-- $bits is how many bits of `doc` stand below the key.
select
    doc >> $bits as key,
    count(distinct pith_number) as papers
from part_documents
semi join live using (doc)
-- the last key is of what is no number
where doc >> $bits < 16777215
group by key
order by key
