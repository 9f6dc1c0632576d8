-- A digest or an id that the format demands is missing.
-- severity: warning
-- means: Nothing was compared, so nothing is known to be wrong; what the digest would vouch
--   for is recomputed all the same.
-- do: Ask the mirror for the complete document.
select
    doc,
    pointer,
    expected,
    actual
from staged_problems
where code = 'digest_missing'
