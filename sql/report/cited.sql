-- The most cited papers, as their records count, and how many of the citing papers are known.
with most as (
    select
        pith_number,
        title,
        primary_cat,
        year(submitted_at) as year,
        inbound_citation_count as stated,
        proof
    from papers
    where inbound_citation_count > 0
    order by inbound_citation_count desc, pith_number
    limit 20
),

known as (
    select
        cited_pith_number as pith_number,
        count(distinct citing_arxiv_id) as listed,
        count(distinct citing_pith_number) as resolved
    from citations
    where cited_pith_number in (select pith_number from most)
    group by cited_pith_number
)

select
    most.*,
    coalesce(known.listed, 0) as listed,
    coalesce(known.resolved, 0) as resolved
from most
left join known using (pith_number)
order by most.stated desc, most.pith_number
