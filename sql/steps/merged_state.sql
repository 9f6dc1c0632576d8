-- What the best signed bundle merges to of whose paper $doc is a standalone state.
select merged_states.state
from differing
inner join merged_states on differing.bundle_doc = merged_states.doc
where differing.state_doc = $doc
