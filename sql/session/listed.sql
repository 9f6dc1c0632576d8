-- Every document as found in its file. The rows of an unchanged file come from the last listing, and
-- the others from this build's reading. What has no lines and held documents before was cut: it keeps
-- them.
-- $blank is the reason of what has no lines.
with told as (
    select
        path,
        position,
        bytes,
        sha256,
        status,
        reason
    from old_documents
    where split_part(path, '!', 1) in (from unchanged)
    union all
    select
        path,
        position,
        bytes,
        sha256,
        status,
        reason
    from read_inputs
),

held as (
    select distinct
        path,
        $blank as reason
    from old_documents
    where good_sha256 is not null
)

select
    told.path,
    told.position,
    told.bytes,
    told.sha256,
    if(held.path is null, told.status, 'unreadable') as status,
    if(held.path is null, told.reason, 'it is empty, and held documents before') as reason
from told
left join held using (path, reason)
