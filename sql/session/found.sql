-- What the checks find, a row each, and empty at first: a check may select all but severity and
-- code, which are its own.
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
