-- The documents that the last build held, from its listing. The step `lost` reads them as `last`.
select
    path,
    position,
    good_sha256 as sha256,
    sha256 is distinct from good_sha256 as stale
from old_documents
where good_sha256 is not null
