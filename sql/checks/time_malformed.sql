-- A time is no time with an offset.
-- severity: warning
-- means: The column is null. RFC 3339 with at most six digits of a fraction is what the
--   registry writes.
-- do: Nothing, unless a column you need is null.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'time_malformed'
