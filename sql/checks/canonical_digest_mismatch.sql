-- A stated canonical_sha256 is not the digest of the canonical record.
-- severity: error
-- means: The canonical record or the digest beside it was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'canonical_digest_mismatch'
