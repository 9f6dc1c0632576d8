-- A newer or better-proven document of the same kind tells this paper.
-- severity: info
-- means: Both are verified; the tables follow the other one. An old bundle after a newer
--   one is what a replay looks like, too.
-- do: Nothing, or remove the old one from the mirror.
with ranked as (
    select
        doc,
        pith_number,
        stated_at,
        first_value(stated_at) over kinds as best_at,
        row_number() over kinds as place
    from proof
    where eligible
    window kinds as (partition by pith_number, kind order by rank)
)

select
    doc,
    pith_number,
    best_at as expected,
    stated_at as actual
from ranked
where place > 1
