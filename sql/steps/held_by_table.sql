-- The documents that a snapshot held, as `last` of `lost`.
-- `documents` is its table.
select
    path,
    position,
    sha256,
    stale
from documents
where status = 'ok' or stale
