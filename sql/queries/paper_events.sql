-- What happened to one paper, in order?
-- param: id = 1606.06234; the paper, in any form that `resolve` knows
-- only DuckDB: it calls the macro `resolve`
select
    step,
    created_at,
    event_type,
    signer_id,
    verdict,
    applied,
    event_id
from timeline
where pith_number in (from resolve($id))
order by pith_number, created_at nulls last, step nulls last, event_id
