-- Papers by which of their documents are here.
select
    has_record,
    has_bundle,
    has_state,
    count(*) as papers
from papers
group by has_record, has_bundle, has_state
order by papers desc, has_record desc, has_bundle desc, has_state desc
