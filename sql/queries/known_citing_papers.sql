-- What share of the citing papers is in this warehouse, and proven?
-- only DuckDB: it groups by several sets of columns
with citing as (
    select
        origin,
        citing_arxiv_id,
        bool_or(citing_pith_number is not null) as known
    from citations
    where citing_arxiv_id is not null
    group by grouping sets ((origin, citing_arxiv_id), (citing_arxiv_id))
)

select
    coalesce(origin, 'any') as origin,
    count(*) as citing_papers,
    count(*) filter (where known) as known_papers,
    round(avg(known::bigint), 4) as share
from citing
group by origin
order by origin is not null, origin
