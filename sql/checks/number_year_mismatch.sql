-- The year of the Pith number is not that of submitted_at.
-- severity: error
-- means: The number was altered, or the canonical record does not say when the paper was
--   submitted.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'number_year_mismatch'
