-- Every state, embedded or standalone, compared with the merge of the events of its bundle. A
-- standalone state is compared with the verified bundles of the same paper.
with standalone as (
    select
        state.doc,
        bool_or(merged.merged_sha256 = state.state_sha256_computed) as reproduced,
        bool_or(merged.merged_sha256 is null) as any_unknown
    from staged_states as state
    inner join merged using (pith_number)
    where not state.embedded
    group by state.doc
),

judged as (
    select
        state.*,
        proof.sha256,
        proof.proof,
        case
            when state.merge_status = 'differs' and own.doc is not null and own.merged_sha256 is null
                then 'not_reproducible'
            when standalone.reproduced then 'reproduced'
            when not standalone.any_unknown then 'differs'
            else state.merge_status
        end as judgement
    from staged_states as state
    inner join proof using (doc)
    left join merged as own using (doc)
    left join standalone using (doc)
)

select
    state.sha256 as document_sha256,
    state.embedded,
    state.pith_number,
    state.state_version,
    state.merge_version,
    state.event_count,
    state.valid_event_count,
    state.invalid_event_count,
    state.equivocation_count,
    len(state.applied_event_ids) as applied_count,
    state.applied_event_ids,
    state.equivocations,
    state.invalid_events,
    nullif(state.state_sha256, state.state_sha256_computed) as state_sha256,
    state.state_sha256_computed,
    case
        when state.state_sha256 is null then 'missing'
        when state.state_sha256 = state.state_sha256_computed then 'verified'
        else 'mismatch'
    end as state_status,
    state.judgement as merge_status,
    case
        when state.judgement = 'differs' then coalesce(state.merge_pointer, difference.pointer)
    end as merge_pointer,
    state.proof
from judged as state
left join state_differences as difference
    on not state.embedded and state.doc = difference.doc
