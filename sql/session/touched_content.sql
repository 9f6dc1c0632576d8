-- The content that touched documents had or have, and the numbers that they state.
select
    sha256,
    pith_number
from part_documents
semi join touched using (doc)
