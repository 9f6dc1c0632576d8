-- A bundle holds an event that no state of the paper applied.
-- severity: warning
-- means: The state is older than the bundle, or leaves the event out.
-- do: Compare the state's invalid_events and equivocations.
select
    document_sha256 as sha256,
    pointer,
    pith_number,
    event_id as actual
from events
where applied is false
