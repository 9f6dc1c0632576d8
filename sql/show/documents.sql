-- Documents
with telling as (
    select list_prepend(document_sha256, other_documents) as documents
    from papers
    where pith_number = $number
)

select
    document.kind,
    document.path,
    document.position,
    list_contains(telling.documents, document.sha256) as rests_on,
    document.status,
    document.proof,
    document.stale,
    document.reason,
    document.sha256
from documents as document
cross join telling
where document.pith_number = $number or list_contains(telling.documents, document.sha256)
order by
    list_position(telling.documents, document.sha256) nulls last,
    vouched(document.proof) desc nulls last,
    document.path,
    document.position
