-- The authors of each paper, split from their one text, for joins.
with split as (
    select
        pith_number,
        -- not a join with the names: each row of it would bear the whole text
        list_filter(string_split(authors_text, ', '), lambda name: name <> '') as names,
        proof
    from papers
    where authors_text <> ''
)

select
    pith_number,
    generate_subscripts(names, 1) - 1 as position,
    unnest(names) as name,
    proof
from split
