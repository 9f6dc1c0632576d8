-- The keys of the numbers whose rows a night may change: those that touched documents state or link to.
-- A document without a number has the last key, and so has an input that is no document.
select number_key(pith_number) as key
from touched_content
union
select number_key(link)
from links
semi join touched using (doc)
where starts_with(link, 'pith:')
union
select number_key(null)
from (from changed_inputs union all from gone_inputs)
where sha256 is null or sha256 not in (select sha256 from part_documents)
