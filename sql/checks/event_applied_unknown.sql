-- A state applied an event that no document as well proven holds.
-- severity: warning
-- means: The event was lost, or never existed.
-- do: Fetch the bundle of the paper.
with applied as (
    select
        doc,
        pith_number,
        embedded,
        unnest(applied_event_ids) as event_id,
        generate_subscripts(applied_event_ids, 1) - 1 as position
    from staged_states
),

-- that a worse document lists an id is no event: only content of which it is the digest is
known as (
    select
        event.event_id,
        event.content_ok,
        proof_levels.grade
    from events as event
    inner join proof_levels using (proof)
)

select
    applied.doc,
    case when applied.embedded then '/state' else '' end
    || '/applied_event_ids/' || applied.position as pointer,
    applied.pith_number,
    applied.event_id as actual
from applied
inner join proof using (doc)
left join known
    on
        applied.event_id = known.event_id
        and (known.content_ok or known.grade >= proof.grade)
where known.event_id is null
