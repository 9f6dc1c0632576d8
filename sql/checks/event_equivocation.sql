-- A signer signed two events for one place in a chain.
-- severity: warning
-- means: The same key signed two events with the same prev_event, target and type. Only one of
--   the two histories can be true. An event without a prev_event has no place in a chain and
--   never raises this.
-- do: Compare the two events; the state lists those that the registry knows of.
select
    document_sha256 as sha256,
    pointer,
    pith_number,
    prev_event as expected,
    event_id as actual
from events
where equivocates and event_type <> 'record_created'
