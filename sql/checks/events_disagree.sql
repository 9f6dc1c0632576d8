-- Two documents hold one event with different content.
-- severity: error
-- means: An event is known by the digest of its content, so that at most one of them is
--   right; the table follows the one whose digest holds.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
with repeated as (
    select event_id
    from staged_events
    group by event_id
    having count(*) > 1
),

copies as (
    from staged_events
    semi join repeated using (event_id)
),

-- made before the copies join it: by their pointers alone, every event would meet every other
told as materialized (
    select
        proof.doc,
        event.pointer
    from events as event
    inner join proof on event.document_sha256 = proof.sha256
),

-- made once, before the copies join it: many may bear one id
chosen as materialized (
    select copies.*
    from copies
    inner join told using (doc, pointer)
)

select
    copy.doc,
    copy.pointer,
    copy.document_pith_number as pith_number,
    chosen.content_sha256_computed as expected,
    coalesce(copy.content_sha256_computed, copy.payload_sha256) as actual
from copies as copy
inner join chosen using (event_id)
where
    copy.payload_sha256 is distinct from chosen.payload_sha256
    or copy.target is distinct from chosen.target
    or copy.created_at is distinct from chosen.created_at
    or copy.signer_id is distinct from chosen.signer_id
    or copy.signer_type is distinct from chosen.signer_type
    or copy.signer_key_id is distinct from chosen.signer_key_id
    or copy.signer_fingerprint is distinct from chosen.signer_fingerprint
    or copy.event_type is distinct from chosen.event_type
    or copy.content_sha256_computed <> chosen.content_sha256_computed
