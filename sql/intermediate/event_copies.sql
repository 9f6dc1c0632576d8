-- One row an event in a document to model that was read: what the signature of this copy is worth,
-- and how well its document is proven. The texts of the event stay in `staged_events`.
select
    event.doc,
    event.pointer,
    event.event_id,
    event.event_type,
    event.target,
    event.prev_event,
    event.signer_id,
    event.origin,
    -- what an event that names no paper is about, no signature says
    event.subject_pith_number as pith_number,
    event.content_ok,
    coalesce(signature.status, 'missing') as signature_status,
    signature.signed_at,
    signature.public_key_b64,
    proof.proof,
    proof.grade,
    proof.sha256
from staged_events as event
inner join proof using (doc)
left join signature_statuses as signature
    on
        event.doc = signature.doc
        and event.pointer || '/signature' = signature.pointer
