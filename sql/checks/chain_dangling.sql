-- An event's prev_event or supersedes names an event that no document holds.
-- severity: warning
-- means: Part of the chain is missing from the dump.
-- do: Fetch the bundle of the paper again.
with links as (
    select
        document_sha256,
        pointer || '/prev_event' as pointer,
        pith_number,
        prev_event as link
    from events
    where prev_event is not null
    union all
    select
        document_sha256,
        pointer || '/supersedes' as pointer,
        pith_number,
        unnest(try_cast(supersedes::json as varchar[])) as link
    from events
    where supersedes <> '[]'
)

select
    links.document_sha256 as sha256,
    links.pointer,
    links.pith_number,
    links.link as actual
from links
left join events on links.link = events.event_id
where events.event_id is null
