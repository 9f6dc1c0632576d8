-- A list counts no items, and its snapshot_sha256 is not that of an empty list.
-- severity: warning
-- means: The hash or the count was altered. The rule of this hash is proven for the empty
--   list, which this one says it is.
-- do: Do not rely on the count.
select
    doc,
    pointer,
    expected,
    actual
from staged_problems
where code = 'snapshot_digest_mismatch'
