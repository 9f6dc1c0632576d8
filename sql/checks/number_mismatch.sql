-- The Pith number is not the one that the canonical record yields.
-- severity: error
-- means: The id of a Pith number is the first 26 characters of the base32 of the canonical
--   digest; this document carries another one, so its record belongs to another paper or
--   was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'number_mismatch'
