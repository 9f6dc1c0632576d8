-- The snapshot_sha256 of an empty list is not that of an empty list.
-- severity: warning
-- means: The hash was altered, or the list was emptied; of lists that are only counted, the
--   count was. The rule of this hash is proven for the empty list, which this one is.
-- do: Do not rely on the list being empty.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'snapshot_digest_mismatch'
