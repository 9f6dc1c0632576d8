-- Two documents hold one event with different content.
-- severity: error
-- means: The digest of its content names an event, so at most one copy is right. The table follows
--   the copy whose digest holds. In states the hashed content is missing. If no digest holds, the
--   finding is on all documents that are as well proven as the one that the table follows.
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
        proof.grade,
        event.pointer,
        event.content_ok
    from events as event
    inner join proof on event.document_sha256 = proof.sha256
),

-- made once, before the copies join it: many may bear one id
chosen as materialized (
    select
        copies.*,
        told.grade,
        told.content_ok
    from copies
    inner join told using (doc, pointer)
),

differing as (
    select
        copy.doc,
        copy.pointer,
        copy.document_pith_number as pith_number,
        chosen.content_sha256_computed as expected,
        coalesce(copy.content_sha256_computed, copy.payload_sha256) as actual,
        chosen.event_id,
        not coalesce(chosen.content_ok, false) and proof.grade = chosen.grade as as_good
    from copies as copy
    inner join chosen using (event_id)
    inner join proof on copy.doc = proof.doc
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
)

select * exclude (event_id, as_good)
from differing
union all
-- the copy that the table follows, if no digest shows which copy is right
select
    doc,
    pointer,
    document_pith_number as pith_number,
    null as expected,
    coalesce(content_sha256_computed, payload_sha256) as actual
from chosen
where event_id in (select event_id from differing where as_good)
