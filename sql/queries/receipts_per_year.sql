-- What share of the papers has a valid receipt, by year and primary category?
-- param: category = ; only this primary category; empty for all
-- only DuckDB: it takes the year of a time
select
    year(submitted_at) as year,
    primary_cat as category,
    count(*) as papers,
    count(*) filter (where receipt_status = 'valid') as with_valid_receipt,
    round(avg((receipt_status = 'valid')::bigint), 4) as share
from papers
where $category in ('', primary_cat)
group by year, category
order by year, category
