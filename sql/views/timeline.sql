-- The events of every paper as a timeline. Only events whose content and signature hold get a
-- number: anybody can make other events, and these must not shift a step.
with judged as (
    select
        *,
        coalesce(content_ok and signature_status = 'valid', false) as holds
    from events
)

select
    event.pith_number,
    case when event.holds then row_number() over by_time end as step,
    event.created_at,
    case
        when event.holds then event.created_at - lag(event.created_at) over by_time
    end as since_previous,
    event.event_type,
    event.target,
    event.signer_id,
    event.event_id,
    event.prev_event,
    case
        when event.content_ok is false then 'altered'
        when event.equivocates then 'equivocates'
        when event.holds then 'proven'
        when event.signature_status in ('invalid', 'digest_mismatch', 'malformed') then 'failed'
        else 'unproven'
    end as verdict,
    event.applied,
    paper.title
from judged as event
left join papers as paper using (pith_number)
window
    by_time as (
        partition by event.pith_number, event.holds
        order by event.created_at nulls last, event.position, event.event_id
    )
