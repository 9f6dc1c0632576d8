-- Which papers does an identifier name?
-- param: id = https://arxiv.org/abs/1512.01274; an arXiv id, a DOI, a Pith number, short or whole, or an address
-- only DuckDB: it calls the macro `resolve`
select
    paper.pith_number,
    paper.title,
    paper.source_id,
    paper.source_version,
    trust.trust,
    trust.why
from papers as paper
inner join trust on paper.pith_number = trust.pith_number
where paper.pith_number in (from resolve($id))
order by
    -- what a receipt vouches for comes before what only claims the name
    vouched(paper.proof) desc,
    paper.source_version desc,
    paper.pith_number
