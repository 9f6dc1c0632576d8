-- Every state, embedded or not, with what its bundle's events merge to. A standalone state is
-- held against the verified bundles of the same paper.
with judged as (
    select
        state.*,
        proof.sha256,
        proof.proof,
        case
            when state.embedded
                -- what a signed bundle counts as invalid or equivocal, merges by no known rule
                then if(
                    state.merge_status = 'differs'
                    and proof.proof = 'signed'
                    and (state.invalid_event_count > 0 or state.equivocation_count > 0),
                    'not_reproducible',
                    state.merge_status
                )
            when list_contains(merged.known, state.state_sha256_computed) then 'reproduced'
            when not merged.any_unknown then 'differs'
            else 'not_reproducible'
        end as judgement
    from staged_states as state
    inner join proof using (doc)
    left join merged
        on not state.embedded and state.pith_number = merged.pith_number
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
