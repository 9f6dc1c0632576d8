-- Two documents of one paper hold different events, and neither holds all of the other's.
-- severity: warning
-- means: A document with fewer events may merely be older; this one has events that the
--   other lacks, and the reverse.
-- do: Compare the two documents; a mirror may have lost events.
with sets as (
    select
        proof.pith_number,
        proof.doc,
        proof.rank,
        min(proof.rank) over (partition by proof.pith_number) as best_rank,
        list(distinct event.event_id order by event.event_id) as ids
    from proof
    inner join staged_events as event using (doc)
    group by proof.pith_number, proof.doc, proof.rank
)

select
    other.doc,
    other.pith_number,
    array_to_string(best.ids, ', ') as expected,
    array_to_string(other.ids, ', ') as actual
from sets as best
inner join sets as other using (pith_number)
where
    -- the best of those that hold events, which a record does not
    best.rank = best.best_rank
    and not list_has_all(best.ids, other.ids)
    and not list_has_all(other.ids, best.ids)
