-- The state in a bundle is about another paper.
-- severity: error
-- means: The state was moved here from another bundle, or its number was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'state_subject_mismatch'
