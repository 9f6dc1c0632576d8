-- What was good in a snapshot, as `old_documents`, for a build without a listing. Of a stale
-- document `sha256` is that of its rows, too: the table tells no other.
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
