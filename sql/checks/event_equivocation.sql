-- A signer signed two events for one place in a chain.
-- severity: warning
-- means: The same key signed two events with the same prev_event, target and type: two
--   histories that cannot both be. Events without a prev_event take no place and never
--   raise this.
-- do: Compare the two events; the state lists those that the registry knows of.
select
    document_sha256 as sha256,
    pointer,
    pith_number,
    prev_event as expected,
    event_id as actual
from events
where equivocates and event_type <> 'record_created'
