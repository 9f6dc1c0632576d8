-- Documents
select
    document.kind,
    document.path,
    document.position,
    list_contains(paper.documents, document.sha256) as rests_on,
    document.status,
    document.proof,
    document.stale,
    document.reason,
    document.sha256
from documents as document
inner join papers as paper on paper.pith_number = $number
where document.pith_number = $number or list_contains(paper.documents, document.sha256)
order by
    list_position(paper.documents, document.sha256) nulls last,
    document.path,
    document.position
