-- A snapshot_sha256 cannot be checked.
-- severity: info
-- means: The rule of this hash is proven for the empty list alone, so that no other value
--   can be called right or wrong.
-- do: Nothing; do not rely on the hash.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'snapshot_digest_unproven'
