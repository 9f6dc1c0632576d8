-- The whole abstract is not the one whose hash the canonical record holds.
-- severity: error
-- means: The abstract was altered. An excerpt of 600 characters is cut short, cannot be
--   checked, and never raises this.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'abstract_digest_mismatch'
