-- A signature that the format demands is missing.
-- severity: warning
-- means: The document states what it states without a signature.
-- do: Ask the mirror for the complete document.
select
    doc,
    pointer,
    pith_number
from not_valid
where status = 'missing'
