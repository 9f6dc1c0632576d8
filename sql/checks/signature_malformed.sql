-- A signature is not the base64 of 64 bytes.
-- severity: error
-- means: Only standard base64 in its one spelling is taken: no white space, no URL
--   alphabet, padding complete.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    pith_number,
    signature_b64 as actual
from not_valid
where status = 'malformed'
