-- Which works have several versions, and which is the newest?
-- param: least = 2; how many versions at least
select
    source_id,
    title,
    version_count,
    versions,
    proofs,
    latest_pith_number,
    pith_numbers,
    first_submitted_at,
    last_submitted_at
from works
where version_count >= cast($least as bigint)
order by version_count desc, source_id
