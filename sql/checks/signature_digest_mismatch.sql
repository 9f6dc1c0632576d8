-- A signature signs the stated digest, which the content does not have.
-- severity: error
-- means: A real signature stands beside content that it does not cover: a forgery, or
--   content altered afterwards.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    pith_number,
    digest_computed as expected,
    digest_stated as actual
from not_valid
where status = 'digest_mismatch'
