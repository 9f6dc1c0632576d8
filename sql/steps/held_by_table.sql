-- The documents that a snapshot held. The step `lost` reads them as `last`.
-- `documents` is its table.
select
    path,
    position,
    sha256,
    stale
from documents
where status = 'ok' or stale
