-- The authors of each paper, a row each. Documents state them as one text.
with split as (
    select
        pith_number,
        -- a list, because each row of a join would carry the whole text
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
