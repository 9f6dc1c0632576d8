-- One row a signed bundle: the digest of the state that its events merge to. It is null if an event
-- is invalid, equivocal or not applied: no real merge of such a bundle was seen, so the rule is
-- unknown.
with unapplied as (
    select distinct doc
    from staged_signatures
    where kind = 'event' and unapplied
)

select
    proof.pith_number,
    proof.doc,
    proof.rank,
    case
        when unapplied.doc is null
            and coalesce(state.invalid_event_count, 0) = 0
            and coalesce(state.equivocation_count, 0) = 0
            then document.merged_sha256
    end as merged_sha256
from staged_documents as document
inner join proof using (doc)
left join staged_states as state using (doc)
left join unapplied using (doc)
where proof.proof = 'signed'
