-- The short number is not the start of the Pith number.
-- severity: error
-- means: One of the two was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'short_number_mismatch'
