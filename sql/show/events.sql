-- Events
select
    timeline.step,
    event.created_at,
    event.event_type,
    event.signer_id as signer,
    timeline.verdict,
    event.content_ok,
    event.signature_status,
    event.applied,
    event.event_id,
    event.prev_event
from timeline
inner join events as event using (event_id)
where timeline.pith_number = $number and event.pith_number = $number
order by
    -- in time, but none of those whose content and signature hold, which alone have a step, is
    -- beyond the $rows that a page shows while another one is not
    row_number() over (
        order by
            timeline.step is null, event.created_at nulls last, event.position, event.event_id
    ) > $rows,
    event.created_at nulls last,
    event.position,
    event.event_id
