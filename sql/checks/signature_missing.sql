-- A signature that the format demands is missing.
-- severity: warning
-- means: The content of the document has no signature in this place.
-- do: Ask the mirror for the complete document.
select
    doc,
    pointer,
    pith_number
from not_valid
where status = 'missing'
