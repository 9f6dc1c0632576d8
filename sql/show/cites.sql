-- Cites
select
    graph.cited_arxiv_id as arxiv_id,
    graph.cited_title as title,
    graph.cited_pith_number as pith_number,
    graph.ref_index,
    graph.relationship,
    graph.origin,
    graph.proof
from citation_graph as graph
inner join papers as paper
    on
        graph.citing_pith_number = paper.pith_number
        -- a citation by an arXiv id does not say which version
        or (paper.source_kind = 'arxiv' and graph.citing_arxiv_id = paper.source_id)
where paper.pith_number = $number
order by
    vouched(graph.proof) desc,
    graph.ref_index,
    graph.cited_arxiv_id,
    graph.origin,
    graph.event_id
