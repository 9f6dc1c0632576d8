-- An event's content_sha256 or event_id is not the digest of its content.
-- severity: error
-- means: The event was altered after it was signed.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'event_digest_mismatch'
