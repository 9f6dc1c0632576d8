-- Where some documents stand, each once, in the order of their files.
-- `wanted` are these documents.
with places as (
    select
        doc,
        any_value(sha256) as sha256,
        min({'path': path, 'position': position}) as place
    from inputs
    -- of a stale one the file is out of reach, or does not hold it any more
    where not stale and doc in (from wanted)
    group by doc
)

select
    doc,
    sha256,
    place.path as place_path,
    place.position,
    file.*
from places
inner join current_files as file on split_part(place.path, '!', 1) = file.path
order by place
