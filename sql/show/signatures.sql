-- Signatures
select
    kind,
    status,
    key_id,
    signed_at,
    digest_computed as over_digest,
    stands_in,
    document_sha256,
    pointer
from signatures
where
    pith_number = $number
    or subject = $number
    or subject in (select event_id from events where pith_number = $number)
order by status = 'valid' desc, kind, subject, digest_computed, signature_b64
