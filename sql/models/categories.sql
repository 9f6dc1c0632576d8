-- The categories of each paper, a row each. The primary one has position 0.
with listed as (
    select
        pith_number,
        list_concat([primary_cat], cross_cats) as names,
        proof
    from papers
),

numbered as (
    select
        pith_number,
        generate_subscripts(names, 1) - 1 as position,
        unnest(names) as category,
        proof
    from listed
)

select
    pith_number,
    position,
    category,
    position = 0 as is_primary,
    proof
from numbered
where category is not null
