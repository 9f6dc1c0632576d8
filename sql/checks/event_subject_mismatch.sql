-- An event in a bundle is about another paper.
-- severity: error
-- means: A real event was moved here from the bundle of another paper, or its subject was
--   altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'event_subject_mismatch'
