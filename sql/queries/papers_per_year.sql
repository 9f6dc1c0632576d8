-- How many papers are there per year and category?
-- param: category = ; only this category, such as cs.LG; empty for all
select
    category,
    year,
    papers,
    proven_papers,
    primary_papers,
    works
from category_years
where $category in ('', category)
order by category, year
