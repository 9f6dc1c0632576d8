-- How many papers each category has in each year, and how many of them are proven.
select
    category.category,
    year(paper.submitted_at) as year,
    count(*) as papers,
    count(*) filter (where vouched(paper.proof)) as proven_papers,
    count(*) filter (category.is_primary) as primary_papers,
    count(distinct (paper.source_kind, paper.source_id)) as works
from categories as category
inner join papers as paper using (pith_number)
group by category.category, year(paper.submitted_at)
