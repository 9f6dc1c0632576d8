-- Two documents hold one event with different content.
-- severity: error
-- means: An event is known by the digest of its content, so that at most one of them is
--   right; the table follows the one whose digest holds.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    copy.sha256,
    copy.pointer,
    copy.document_pith_number as pith_number,
    event.content_sha256_computed as expected,
    coalesce(copy.content_sha256_computed, copy.payload_sha256) as actual
from staged_events as copy
inner join events as event using (event_id)
inner join staged_events as chosen
    on event.document_sha256 = chosen.sha256 and event.pointer = chosen.pointer
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
