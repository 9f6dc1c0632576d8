-- The merge of the best signed bundle of the paper whose standalone state is $doc.
select merged_states.state
from differing
inner join merged_states on differing.bundle_doc = merged_states.doc
where differing.state_doc = $doc
