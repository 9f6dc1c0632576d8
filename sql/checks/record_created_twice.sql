-- A paper has two valid record_created events.
-- severity: error
-- means: A record is created once. Somebody with the key signed two first events of one
--   history.
-- do: Compare the two events; ask the registry.
select
    document_sha256 as sha256,
    pointer,
    pith_number,
    event_id as actual
from events
where equivocates and event_type = 'record_created'
