-- The most cited papers, as their records count, and how many of the citing papers are here.
with known as (
    select
        cited_pith_number as pith_number,
        count(distinct citing_arxiv_id) as listed,
        count(distinct citing_pith_number) as resolved
    from citations
    group by cited_pith_number
)

select
    paper.pith_number,
    paper.title,
    paper.primary_cat,
    year(paper.submitted_at) as year,
    paper.inbound_citation_count as stated,
    coalesce(known.listed, 0) as listed,
    coalesce(known.resolved, 0) as resolved,
    paper.proof
from papers as paper
left join known using (pith_number)
where paper.inbound_citation_count > 0 or known.listed > 0
order by stated desc nulls last, listed desc, paper.pith_number
limit 20
