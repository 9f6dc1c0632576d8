-- Every state, embedded or not, with what its bundle's events merge to. A standalone state is
-- held against the verified bundles of the same paper.
with merged as (
    select
        state.pith_number,
        list(distinct state.merged_sha256) as merged
    from staged_states as state
    inner join proof using (doc)
    where state.embedded and state.merged_sha256 is not null and proof.proof = 'signed'
    group by state.pith_number
)

select
    proof.sha256 as document_sha256,
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
    case
        when state.embedded or merged.merged is null then state.merge_status
        when list_contains(merged.merged, state.state_sha256_computed) then 'reproduced'
        else 'differs'
    end as merge_status,
    coalesce(state.merge_pointer, difference.pointer) as merge_pointer,
    proof.proof
from staged_states as state
inner join proof using (doc)
left join merged
    on not state.embedded and state.pith_number = merged.pith_number
left join state_differences as difference
    on not state.embedded and state.doc = difference.doc
