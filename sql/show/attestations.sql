-- Attestations
select
    kind,
    created_at,
    signer_id as signer,
    content_ok,
    signature_status,
    applied,
    payload,
    event_id
from attestations
where pith_number = $number
order by coalesce(content_ok and signature_status = 'valid', false) desc, created_at, event_id
