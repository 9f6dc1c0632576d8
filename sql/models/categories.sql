-- The categories of each paper, the primary one at position 0, for joins.
select
    paper.pith_number,
    category.position - 1 as position,
    category.name as category,
    category.position = 1 as is_primary,
    paper.proof
from papers as paper
cross join
    unnest(list_concat([paper.primary_cat], paper.cross_cats))
        with ordinality as category (name, position)
where category.name is not null
order by paper.pith_number, category.position
