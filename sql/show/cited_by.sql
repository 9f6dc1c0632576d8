-- Cited by
select
    citing_arxiv_id as arxiv_id,
    citing_title as title,
    citing_pith_number as pith_number,
    ref_index,
    relationship,
    origin,
    proof
from citation_graph
where cited_pith_number = $number
order by vouched(proof) desc, citing_arxiv_id, ref_index, origin, event_id
