-- Which kinds of document each paper rests on, and which are missing.
with refused as (
    select
        pith_number,
        count(*) as refused
    from documents
    where status <> 'ok' and pith_number is not null
    group by pith_number
)

select
    paper.pith_number,
    paper.title,
    paper.has_record,
    paper.has_bundle,
    paper.has_state,
    list_where(
        ['record', 'bundle', 'state'],
        [not paper.has_record, not paper.has_bundle, not paper.has_state]
    ) as missing,
    paper.has_record and paper.has_bundle and paper.has_state as complete,
    1 + len(paper.other_documents) as documents,
    coalesce(refused.refused, 0) as refused
from papers as paper
left join refused using (pith_number)
