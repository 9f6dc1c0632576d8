-- One row for each trusted paper: how many distinct papers are known to cite it.
select
    trusted.pith_number,
    count(distinct citations.citing_arxiv_id) as known_citing_papers
from {{ ref('trusted_papers') }} as trusted
left join {{ source('pith', 'citations') }} as citations
    on citations.cited_pith_number = trusted.pith_number
group by trusted.pith_number
