-- A signature is not the base64 of 64 bytes.
-- severity: error
-- means: Only standard base64 in its canonical form is accepted: without white space and with
--   complete padding. The URL alphabet is refused.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    pith_number,
    signature_b64 as actual
from not_valid
where status = 'malformed'
