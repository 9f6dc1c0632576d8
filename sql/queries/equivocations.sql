-- Which signers signed two events of which only one can hold?
-- only DuckDB: it makes lists
select
    event.pith_number,
    event.signer_id,
    event.event_type,
    event.target,
    event.prev_event,
    count(*) as events,
    list(event.event_id order by event.event_id) as event_ids,
    min(event.created_at) as first_at,
    max(event.created_at) as last_at
from events as event
where event.equivocates
group by event.pith_number, event.signer_id, event.event_type, event.target, event.prev_event
order by event.pith_number, event.signer_id, event.event_type, event.target, event.prev_event
