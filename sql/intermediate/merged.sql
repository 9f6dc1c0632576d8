-- One row a paper of which a signed bundle is at hand: the digests of the states that the events
-- of such bundles merge to, whether one of them merges by a rule that nobody knows, and the best
-- of the others. How a merge treats what it calls invalid or equivocal was never seen.
with bundles as (
    select
        proof.pith_number,
        proof.doc,
        proof.rank,
        case
            when coalesce(state.invalid_event_count, 0) = 0
                and coalesce(state.equivocation_count, 0) = 0
                then document.merged_sha256
        end as merged_sha256
    from staged_documents as document
    inner join proof using (doc)
    left join staged_states as state using (doc)
    where proof.proof = 'signed'
)

select
    pith_number,
    coalesce(list(distinct merged_sha256) filter (merged_sha256 is not null), []) as known,
    bool_or(merged_sha256 is null) as any_unknown,
    arg_min(doc, rank) filter (merged_sha256 is not null) as doc
from bundles
group by pith_number
