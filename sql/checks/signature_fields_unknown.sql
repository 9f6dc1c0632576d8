-- A bundle's signature has fields that nothing covers.
-- severity: warning
-- means: A bundle is signed whole but for the signature's own object, where anybody can add
--   a field. The format knows of none beside its own.
-- do: Disregard the field.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'signature_fields_unknown'
