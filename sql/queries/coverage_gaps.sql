-- Which papers lack which kinds of document?
-- param: rows = 100; how many to show
-- only DuckDB: it takes the length of a list
select
    pith_number,
    title,
    missing,
    refused
from coverage
where not complete
order by refused desc, len(missing) desc, pith_number
limit cast($rows as bigint)
