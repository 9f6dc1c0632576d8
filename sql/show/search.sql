-- The papers that a search found, the best first.
-- $numbers and $scores are those of the papers, in order; $found is how many papers there are.
with hits as (
    select
        unnest($numbers::varchar[]) as pith_number,
        unnest($scores::double[]) as score,
        unnest(range(1, len($numbers::varchar[]) + 1)) as place
)

select
    hits.place as rank,
    round(hits.score, 6) as score,
    paper.pith_number,
    paper.title,
    paper.primary_cat,
    paper.submitted_at,
    $found::bigint as found,
    paper.proof
from hits
inner join papers as paper on hits.pith_number = paper.pith_number
order by hits.place
