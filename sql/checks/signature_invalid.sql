-- A signature holds under none of the keys at hand.
-- severity: error
-- means: The signature, the key or the content was altered; libsodium refuses it over the
--   recomputed digest and over the stated one.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    pith_number,
    digest_computed as expected,
    digest_stated as actual
from not_valid
where status = 'invalid'
