-- Every event once by its id. The copy whose content has the id's digest and whose signature
-- is valid wins, whatever any other copy says; without one, the better-proven document does.
with judged as (
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
    left join trusted as signature
        on
            event.doc = signature.doc
            and event.pointer || '/signature' = signature.pointer
),

chosen as (
    select *
    from judged
    qualify row_number() over (
        partition by event_id
        order by
            coalesce(content_ok, false) desc,
            coalesce(content_ok, false) and signature_status = 'valid' desc,
            grade desc,
            origin = 'bundle' desc,
            sha256,
            pointer
    ) = 1
),

-- two valid events for one number that cannot both be: a paper has one beginning, and what
-- follows one event a key signs once; those that name no number are about any paper, or none
equivocal as (
    select unnest(list(event_id)) as event_id
    from chosen
    where
        content_ok
        and signature_status = 'valid'
        and pith_number is not null
        and (prev_event is not null or event_type = 'record_created')
    group by
        pith_number,
        event_type,
        case
            when event_type is distinct from 'record_created'
                then (public_key_b64, target, prev_event)
        end
    having count(*) > 1
),

-- a newer signed bundle that holds an event overrules what older ones applied; the time of any
-- other document is whatever its author says, and overrules nothing
several as (
    select pith_number
    from proof
    where proof = 'signed'
    group by pith_number
    having count(*) > 1
),

newest as (
    select
        proof.pith_number,
        event.event_id,
        max(proof.stated_at) as stated_at
    from staged_events as event
    inner join proof using (doc)
    semi join several on proof.pith_number = several.pith_number
    semi join staged_states as state on event.doc = state.doc
    where proof.proof = 'signed'
    group by proof.pith_number, event.event_id
),

listed as (
    select
        proof.pith_number,
        unnest(state.applied_event_ids) as event_id,
        proof.grade,
        proof.stated_at,
        proof.proof
    from staged_states as state
    inner join proof using (doc)
    where proof.eligible
),

applied as (
    select
        listed.pith_number,
        listed.event_id,
        max(listed.grade) as grade
    from listed
    left join newest
        on listed.pith_number = newest.pith_number and listed.event_id = newest.event_id
    where
        listed.proof <> 'signed'
        or newest.stated_at is null
        or listed.stated_at >= newest.stated_at
    group by listed.pith_number, listed.event_id
),

stated as (
    select
        proof.pith_number,
        max(proof.grade) as grade
    from staged_states as state
    inner join proof using (doc)
    where proof.eligible
    group by proof.pith_number
)

select
    chosen.event_id,
    chosen.pith_number,
    chosen.event_type,
    chosen.target,
    event.created_at,
    chosen.signer_id,
    event.signer_type,
    event.signer_key_id,
    event.signer_fingerprint,
    chosen.prev_event,
    event.supersedes,
    event.payload,
    chosen.content_ok,
    chosen.signature_status,
    -- a state speaks of the events of documents that are not better proven than itself,
    -- unless it is the best there is
    case
        -- which of the applied ids would be that of an event without one, nobody can tell
        when starts_with(chosen.event_id, 'unnamed:') then null
        when applied.grade >= least(chosen.grade, coalesce(stated.grade, 0)) then true
        when stated.grade is not null then false
    end as applied,
    equivocal.event_id is not null as equivocates,
    chosen.signed_at,
    chosen.public_key_b64,
    event.schema_version,
    nullif(event.content_sha256, substr(chosen.event_id, 8)) as content_sha256,
    nullif(event.content_sha256_computed, substr(chosen.event_id, 8)) as content_sha256_computed,
    chosen.origin,
    event.position,
    chosen.proof,
    chosen.sha256 as document_sha256,
    chosen.pointer
from chosen
-- the texts join last: what is ranked and grouped above stays narrow
inner join staged_events as event
    on chosen.doc = event.doc and chosen.pointer = event.pointer
-- the state of another paper has no say
left join applied
    on chosen.pith_number = applied.pith_number and chosen.event_id = applied.event_id
left join stated on chosen.pith_number = stated.pith_number
left join equivocal on chosen.event_id = equivocal.event_id
