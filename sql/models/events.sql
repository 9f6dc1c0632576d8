-- Every event once by its id. The copy whose content has the id's digest and whose signature
-- is valid wins, whatever any other copy says; without one, the better-proven document does.
with copies as (
    select
        event.*,
        event.content_sha256_computed = event.content_sha256
        and event.event_id = 'sha256:' || event.content_sha256_computed as content_ok,
        coalesce(signature.status, 'missing') as signature_status,
        signature.signed_at,
        signature.public_key_b64,
        proof.proof,
        proof.grade,
        proof.rank as document_rank
    from staged_events as event
    inner join proof using (sha256)
    left join trusted as signature
        on
            event.sha256 = signature.sha256
            and event.pointer || '/signature' = signature.pointer
),

chosen as (
    select *
    from copies
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

applied as (
    select
        event_id,
        max(grade) as grade
    from (
        select
            unnest(state.applied_event_ids) as event_id,
            proof.grade
        from staged_states as state
        inner join proof using (sha256)
        where proof.eligible
    )
    group by event_id
),

stated as (
    select
        proof.pith_number,
        max(proof.grade) as grade
    from staged_states as state
    inner join proof using (sha256)
    where proof.eligible
    group by proof.pith_number
)

select
    chosen.event_id,
    coalesce(chosen.subject_pith_number, chosen.document_pith_number) as pith_number,
    chosen.event_type,
    chosen.target,
    chosen.created_at,
    chosen.signer_id,
    chosen.signer_type,
    chosen.signer_key_id,
    chosen.signer_fingerprint,
    chosen.prev_event,
    chosen.supersedes,
    chosen.payload,
    chosen.content_ok,
    chosen.signature_status,
    -- a state speaks of the events of documents that are not better proven than itself,
    -- unless it is the best there is
    case
        when applied.grade >= least(chosen.grade, coalesce(stated.grade, 0)) then true
        when stated.grade is not null then false
    end as applied,
    -- two valid events of one key for one number that cannot both be next
    chosen.content_ok is true
    and chosen.signature_status = 'valid'
    and count(distinct chosen.event_id) filter (
        chosen.content_ok and chosen.signature_status = 'valid'
    ) over (
        partition by
            coalesce(chosen.subject_pith_number, chosen.document_pith_number),
            chosen.public_key_b64,
            chosen.signer_id,
            chosen.event_type,
            chosen.target,
            chosen.prev_event
    ) > 1
    and (chosen.prev_event is not null or chosen.event_type = 'record_created') as equivocates,
    chosen.signed_at,
    chosen.public_key_b64,
    chosen.schema_version,
    chosen.content_sha256,
    chosen.content_sha256_computed,
    chosen.origin,
    chosen.position,
    chosen.proof,
    chosen.sha256 as document_sha256,
    chosen.pointer
from chosen
left join applied using (event_id)
left join stated
    on coalesce(chosen.subject_pith_number, chosen.document_pith_number) = stated.pith_number
order by chosen.event_id
