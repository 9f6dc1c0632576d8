-- An event's prev_event or supersedes names an event that no document as well proven holds.
-- severity: warning
-- means: Part of the chain is missing from the dump.
-- do: Fetch the bundle of the paper again.
with links as (
    select
        document_sha256,
        proof,
        pointer || '/prev_event' as pointer,
        pith_number,
        prev_event as link
    from events
    where prev_event is not null
    union all
    select
        document_sha256,
        proof,
        pointer || '/supersedes' as pointer,
        pith_number,
        unnest(try_cast(supersedes::json as varchar[])) as link
    from events
    where supersedes <> '[]'
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
    links.document_sha256 as sha256,
    links.pointer,
    links.pith_number,
    links.link as actual
from links
inner join proof_levels using (proof)
left join known
    on links.link = known.event_id and (known.content_ok or known.grade >= proof_levels.grade)
where known.event_id is null
