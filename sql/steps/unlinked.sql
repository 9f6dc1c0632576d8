-- How many documents are gone, or no longer stand in for what replaced them, of which staging no
-- longer knows what they were linked to.
select count(*)
from gone_inputs
where (status = 'ok' or stale) and sha256 not in (select sha256 from part_documents)
