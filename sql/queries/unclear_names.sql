-- Which identifiers lead to several papers, or to none?
-- param: rows = 100; how many to show
-- only DuckDB: it makes lists
with names as (
    select
        value as identifier,
        kind,
        count(distinct pith_number) as papers,
        list(distinct pith_number order by pith_number) as pith_numbers
    from aliases
    where well_formed is distinct from false
    group by value, kind
),

unknown as (
    select
        citing_arxiv_id as identifier,
        'arXiv id of a citing paper' as kind,
        0 as papers,
        null::varchar[] as pith_numbers
    from citations
    where citing_arxiv_id not in (select identifier from names)
    group by citing_arxiv_id
)

select
    identifier,
    kind,
    papers,
    pith_numbers
from (
    from names
    where papers > 1
    union all
    from unknown
)
order by papers desc, identifier, kind
limit cast($rows as bigint)
