-- The inputs as the next build will find them in `old_documents`. A status that the content
-- decides is read from staging each time.
select
    path,
    position,
    bytes,
    found_sha256 as sha256,
    case when found_sha256 is null then status end as status,
    case when found_sha256 is null then reason end as reason,
    case when stale or status = 'ok' then sha256 end as good_sha256
from inputs
