-- A state applied an event that no document holds.
-- severity: warning
-- means: The event was lost, or never was.
-- do: Fetch the bundle of the paper.
with applied as (
    select
        doc,
        pith_number,
        embedded,
        unnest(applied_event_ids) as event_id,
        generate_subscripts(applied_event_ids, 1) - 1 as position
    from staged_states
)

select
    applied.doc,
    case when applied.embedded then '/state' else '' end
    || '/applied_event_ids/' || applied.position as pointer,
    applied.pith_number,
    applied.event_id as actual
from applied
left join events using (event_id)
where events.event_id is null
