-- What links documents, as one text a link: numbers, event ids and the start of signatures, which
-- two signatures have in common that reuse a nonce (32 bytes are 42 characters and a bit).
select
    doc,
    pith_number as link
from part_documents
union all
select
    doc,
    unnest([event_id, subject_pith_number, prev_event])
from part_events
union all
select
    doc,
    unnest(try_cast(supersedes::json as varchar[]))
from part_events
where supersedes <> '[]'
union all
-- `state_merged` needs the number that a state itself states, which need not be its bundle's
select
    doc,
    pith_number
from part_states
union all
select
    doc,
    unnest(applied_event_ids)
from part_states
union all
select
    doc,
    left(signature_b64, 42)
from part_signatures
