-- The inputs of a published snapshot, as `inputs`. For a stale document the snapshot does not say
-- which content was found in its place.
with contents as (
    select
        sha256,
        min(doc) as doc
    from part_documents
    group by sha256
)

select
    document.path,
    document.position,
    document.bytes,
    document.sha256,
    document.status,
    document.reason,
    document.pointer as place,
    document.stale,
    if(document.stale, null, document.sha256) as found_sha256,
    contents.doc
from documents as document
left join contents using (sha256)
