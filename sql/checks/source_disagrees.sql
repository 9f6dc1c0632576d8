-- A source beside the canonical record names another one.
-- severity: error
-- means: The copy was altered; the canonical record is the one that is signed.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'source_disagrees'
