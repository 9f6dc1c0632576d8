-- Each standalone state that no signed bundle reproduces, beside the best such bundle.
select
    state.doc as state_doc,
    arg_min(merged.doc, merged.rank) as bundle_doc
from staged_states as state
-- proof: of documents that were read
semi join proof using (doc)
inner join merged using (pith_number)
where not state.embedded
group by state.doc
having
    not bool_or(merged.merged_sha256 is null)
    and not bool_or(merged.merged_sha256 = state.state_sha256_computed)
