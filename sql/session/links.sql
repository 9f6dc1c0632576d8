-- The links between documents, one text a link: a Pith number, an event id, a finding of a detector,
-- the digest that it signs, or the first 42 characters of a signature. Two signatures that reuse a
-- nonce have the same first 32 bytes.
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
union all
select
    doc,
    unnest([finding_id, payload_sha256])
from part_integrity
