-- A record_created event creates another canonical record than the document holds.
-- severity: error
-- means: The document's record or its event was exchanged.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'canonical_record_disagrees'
