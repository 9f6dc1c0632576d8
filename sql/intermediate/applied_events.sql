-- One row for each paper and event that a state of the paper lists as applied: the grade of the
-- best-proven document that lists it. A newer signed bundle that holds an event overrules what
-- older signed bundles applied. The time in any other document is not
-- signed, so it overrules nothing.
with several as (
    select pith_number
    from proof
    where proof = 'signed'
    group by pith_number
    having count(*) > 1
),

newest as (
    select
        proof.pith_number,
        event.event_id,
        max(proof.stated_at) as stated_at
    from staged_events as event
    inner join proof using (doc)
    semi join several on proof.pith_number = several.pith_number
    semi join staged_states as state on event.doc = state.doc
    where proof.proof = 'signed'
    group by proof.pith_number, event.event_id
),

listed as (
    select
        proof.pith_number,
        unnest(state.applied_event_ids) as event_id,
        proof.grade,
        proof.stated_at,
        proof.proof
    from staged_states as state
    inner join proof using (doc)
    where proof.eligible
)

select
    listed.pith_number,
    listed.event_id,
    max(listed.grade) as grade
from listed
left join newest
    on listed.pith_number = newest.pith_number and listed.event_id = newest.event_id
where
    listed.proof <> 'signed'
    or newest.stated_at is null
    or listed.stated_at >= newest.stated_at
group by listed.pith_number, listed.event_id
