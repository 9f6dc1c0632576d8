-- The paper's licence, categories or date are not those of the canonical record.
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
where code = 'metadata_disagrees'
