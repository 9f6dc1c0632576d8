-- A chain of events returns to where it started.
-- severity: error
-- means: An id is a digest over the link before it, so that no loop can be made of events
--   whose digests hold: an id in it was altered. Loops of up to 100 events are found.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
with recursive links as (
    select
        event_id,
        content_ok,
        unnest(
            list_concat([prev_event], coalesce(try_cast(supersedes::json as varchar[]), []))
        ) as link
    from events
    where prev_event is not null or supersedes <> '[]'
),

-- each loop has at least one event whose digest does not hold: the walks start there
walks (start, current, steps) as (
    select
        event_id,
        link,
        1
    from links
    where content_ok is not true and link is not null
    union
    select
        walks.start,
        links.link,
        walks.steps + 1
    from walks
    inner join links on walks.current = links.event_id
    where walks.steps < 100 and walks.current <> walks.start and links.link is not null
)

select distinct
    event.document_sha256 as sha256,
    event.pointer,
    event.pith_number,
    event.event_id as actual
from walks
inner join events as event on walks.start = event.event_id
where walks.current = walks.start
