-- A digest or an id that the format demands is missing.
-- severity: warning
-- means: Nothing was compared, so nothing is known to be wrong. The digest is recomputed all
--   the same; an event that a state holds without an id, of which it lacks the content that
--   the id is over, goes by `unnamed:` and a digest of what the state does hold.
-- do: Ask the mirror for the complete document.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'digest_missing'
