-- Who cites one paper?
-- param: id = 1512.01274; the paper, in any form that `resolve` knows
-- only DuckDB: it calls the macro `resolve`
select
    citing_arxiv_id,
    citing_title,
    citing_pith_number,
    relationship,
    proof
from citation_graph
where cited_pith_number in (from resolve($id))
order by citing_arxiv_id, ref_index
