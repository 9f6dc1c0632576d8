-- The keys of the papers whose kept citations resolve to another number than in the last snapshot.
with before as (
    select arxiv_id, pith_number
    from last_arxiv_numbers
),

changed as (
    (from arxiv_numbers except from before)
    union all
    (from before except from arxiv_numbers)
)

select distinct number_key(cited_pith_number)
from last_citations
where citing_arxiv_id in (select arxiv_id from changed)
