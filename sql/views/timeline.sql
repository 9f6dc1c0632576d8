-- The events of every paper in the order of their times, one after another.
select
    event.pith_number,
    row_number() over by_time as step,
    event.created_at,
    event.created_at - lag(event.created_at) over by_time as since_previous,
    event.event_type,
    event.target,
    event.signer_id,
    event.event_id,
    event.prev_event,
    case
        when event.content_ok is false then 'altered'
        when event.equivocates then 'equivocates'
        when event.content_ok and event.signature_status = 'valid' then 'proven'
        when event.signature_status in ('invalid', 'digest_mismatch', 'malformed') then 'failed'
        else 'unproven'
    end as verdict,
    event.applied,
    paper.title
from events as event
left join papers as paper using (pith_number)
window
    by_time as (
        partition by event.pith_number
        order by event.created_at nulls last, event.position, event.event_id
    )
