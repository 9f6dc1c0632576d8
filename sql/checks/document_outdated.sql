-- A newer or better-proven document of the same kind tells this paper.
-- severity: info
-- means: Both documents are verified. The tables follow the other one. An attacker who replays
--   an old bundle causes this finding, too.
-- do: Nothing, or remove the old one from the mirror.
with ranked as (
    select
        doc,
        pith_number,
        grade,
        texts,
        stated_at,
        first_value(grade) over kinds as best_grade,
        first_value(texts) over kinds as best_texts,
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
where
    place > 1
    -- equally good copies are no reason to remove one
    and (grade < best_grade or texts < best_texts or stated_at < best_at)
