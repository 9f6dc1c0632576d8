-- Every event once by its id. The copy whose content has the id's digest and whose signature is
-- valid wins. Without such a copy, the better-proven document wins. If equally proven documents of
-- different papers hold the event, its paper is null, and `event_of_several_papers` reports each
-- document.
with chosen as (
    select *
    from event_copies
    qualify row_number() over (
        partition by event_id
        order by
            coalesce(content_ok, false) desc,
            coalesce(content_ok, false) and signature_status = 'valid' desc,
            grade desc,
            origin = 'bundle' desc,
            -- before the digest, because white space alone changes the digest
            pith_number,
            sha256,
            pointer
    ) = 1
),

shared as (
    select event_id
    from staged_events
    group by event_id
    having min(coalesce(subject_pith_number, '')) <> max(coalesce(subject_pith_number, ''))
),

-- an event whose content has the digest of its id is not contested: its content names its paper
contested as (
    select distinct chosen.event_id
    from chosen
    semi join shared on chosen.event_id = shared.event_id
    inner join staged_events as event on chosen.event_id = event.event_id
    inner join proof on event.doc = proof.doc
    where
        not coalesce(chosen.content_ok, false)
        and chosen.grade = proof.grade
        and chosen.pith_number is distinct from event.subject_pith_number
),

told as (
    select
        chosen.* replace (
            if(contested.event_id is null, chosen.pith_number, null) as pith_number
        )
    from chosen
    left join contested on chosen.event_id = contested.event_id
),

-- Valid events of one paper that contradict each other: a paper has one record_created, and a key
-- signs one event of a type and target after a given event. Events that name no paper are left out.
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
)

select
    told.event_id,
    told.pith_number,
    told.event_type,
    told.target,
    event.created_at,
    told.signer_id,
    event.signer_type,
    event.signer_key_id,
    event.signer_fingerprint,
    told.prev_event,
    event.supersedes,
    event.payload,
    told.content_ok,
    told.signature_status,
    -- A state tells which events were applied. It counts only for events of documents that are
    -- proven no better than the state, unless no state of the paper is proven better.
    case
        -- a state cannot list an event that has no id
        when starts_with(told.event_id, 'unnamed:') then null
        when applied.grade >= least(told.grade, coalesce(stated.grade, 0)) then true
        when stated.grade is not null then false
    end as applied,
    equivocal.event_id is not null as equivocates,
    told.signed_at,
    told.public_key_b64,
    event.schema_version,
    nullif(event.content_sha256, substr(told.event_id, 8)) as content_sha256,
    nullif(event.content_sha256_computed, substr(told.event_id, 8)) as content_sha256_computed,
    told.origin,
    event.position,
    told.proof,
    told.sha256 as document_sha256,
    told.pointer
from told
-- the long texts join last, so that ranking and grouping move narrow rows
inner join staged_events as event
    on told.doc = event.doc and told.pointer = event.pointer
-- only states of the same paper count
left join applied_events as applied
    on told.pith_number = applied.pith_number and told.event_id = applied.event_id
left join state_grades as stated on told.pith_number = stated.pith_number
left join equivocal on told.event_id = equivocal.event_id
