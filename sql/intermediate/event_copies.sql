-- One row for each event in each document to model: the status of its signature, and how well the
-- document is proven. The long texts of the event stay in `staged_events`.
select
    event.doc,
    event.pointer,
    event.event_id,
    event.event_type,
    event.target,
    event.prev_event,
    event.signer_id,
    event.origin,
    -- not the document's number: no signature says that the event is about that paper
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
