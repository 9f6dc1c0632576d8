-- Papers by the year of submission, proven or not.
select
    year(submitted_at) as year,
    count(*) as papers
from papers
where submitted_at is not null
group by year(submitted_at)
order by year
