-- A state_sha256 is not the digest of its state.
-- severity: error
-- means: The state was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'state_digest_mismatch'
