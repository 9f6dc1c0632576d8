-- The rows that the checks find; empty at first. A check may select every column but severity and
-- code, which come from its header.
select
    null::varchar as severity,
    null::varchar as code,
    null::bigint as doc,
    null::varchar as sha256,
    null::varchar as path,
    null::bigint as position,
    null::varchar as pointer,
    null::varchar as message,
    null::varchar as expected,
    null::varchar as actual,
    null::varchar as pith_number,
    null::bigint as occurrences
limit 0
