-- The events by which somebody attests something about a paper.
select
    event_id,
    pith_number,
    event_type as kind,
    target,
    created_at,
    signer_id,
    signer_type,
    payload,
    content_ok,
    signature_status,
    applied,
    proof,
    document_sha256
from events
where
    event_type in (
        'author_attestation',
        'timestamp_anchor',
        'storage_attestation',
        'citation_signature',
        'replication_record',
        'correction'
    )
