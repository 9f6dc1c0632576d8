-- The papers that the page lists: those with the gravest findings first, then the newest, at most
-- 1,000. Each has the codes of its findings, and where its documents stand.
with found as (
    select
        pith_number,
        list_position(['critical', 'error', 'warning', 'info'], severity) as rank,
        code
    from findings
    where pith_number is not null
    group by all
),

judged as (
    select
        pith_number,
        min(rank) as rank,
        list(code order by rank, code)[:10] as codes
    from found
    group by pith_number
),

listed as (
    select
        papers.pith_number,
        papers.title,
        papers.primary_cat,
        papers.proof,
        papers.receipt_status,
        cast(papers.submitted_at as date) as submitted_on,
        coalesce(judged.rank, 5) as rank,
        judged.codes
    from papers
    left join judged using (pith_number)
    order by rank, papers.submitted_at desc nulls last, papers.pith_number
    limit 1000
),

places as (
    select
        pith_number,
        list(
            {path: path, position: position, kind: kind, status: status}
            order by path, position
        )[:5] as documents
    from documents
    where pith_number in (select pith_number from listed)
    group by pith_number
)

select
    listed.*,
    coalesce(places.documents, []) as documents
from listed
left join places using (pith_number)
order by listed.rank, listed.submitted_on desc nulls last, listed.pith_number
