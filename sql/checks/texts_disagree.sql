-- The two copies of the paper's texts in a record disagree.
-- severity: error
-- means: One of the copies was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'texts_disagree'
