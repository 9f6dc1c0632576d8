-- The bundle_sha256 is not the digest of the bundle.
-- severity: error
-- means: Something in the bundle was altered after it was signed.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'bundle_digest_mismatch'
