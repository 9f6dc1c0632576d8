-- The title is not the one whose hash the canonical record holds.
-- severity: error
-- means: The title was altered; the signed record vouches for another one.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'title_digest_mismatch'
