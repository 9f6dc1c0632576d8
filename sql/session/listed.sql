-- Every document as found in its file. The rows of an unchanged file come from the last listing, and
-- the others from this build's reading.
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

-- a file of lines without lines holds no document; one that held some was cut: it keeps them
emptied as (
    select distinct
        path,
        1 as position,
        0 as bytes,
        null::varchar as sha256,
        'unreadable' as status,
        'the file is empty, and held documents before' as reason
    from old_documents
    semi join current_files using (path)
    where
        good_sha256 is not null
        and path not in (select split_part(path, '!', 1) from told)
)

from told
union all by name
from emptied
