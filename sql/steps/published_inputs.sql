-- The inputs of a published snapshot, as `inputs`. What was found where a document is stale
-- nothing tells any more.
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
