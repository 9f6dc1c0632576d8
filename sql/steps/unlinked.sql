-- How many documents are gone or replaced, while staging no longer holds them: nothing tells with
-- which documents they were linked.
select count(*)
from gone_inputs
where (status = 'ok' or stale) and sha256 not in (select sha256 from part_documents)
