-- Papers by primary category, proven or not, and how many more have it as a further category.
select
    category,
    count(*) filter (where is_primary) as papers,
    count(*) filter (where not is_primary) as further
from categories
group by category
order by papers desc, further desc, category
limit 200
