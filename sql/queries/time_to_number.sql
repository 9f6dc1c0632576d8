-- How long after its submission does a paper get its number?
-- only DuckDB: it takes the year of a time, and a median
select
    year(submitted_at) as submitted_year,
    count(*) as papers,
    count(*) filter (where vouched(proof)) as proven_papers,
    min(date_diff('day', submitted_at, receipt_first_computed_at)) as fewest_days,
    median(date_diff('day', submitted_at, receipt_first_computed_at)) as median_days,
    max(date_diff('day', submitted_at, receipt_first_computed_at)) as most_days
from papers
where receipt_first_computed_at is not null
group by submitted_year
order by submitted_year
