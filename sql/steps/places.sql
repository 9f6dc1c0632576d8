-- One place of each of some documents, in the order of the files.
-- `wanted` are these documents.
with places as (
    select
        doc,
        any_value(sha256) as sha256,
        min({'path': path, 'position': position}) as place
    from inputs
    -- the file of a stale document cannot be read, or does not hold it any more
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
