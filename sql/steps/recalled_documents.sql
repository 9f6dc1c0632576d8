-- The documents of a snapshot that were read, as `old_documents`, for a build without a listing. The
-- `sha256` of a stale document is the one that its rows come from: the table has no other.
-- `documents` is the snapshot's table.
select
    path,
    position,
    bytes,
    sha256,
    status,
    reason,
    sha256 as good_sha256
from documents
where status = 'ok' or stale
