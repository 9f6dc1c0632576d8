-- Where the last snapshot found touched documents.
select
    path,
    position
from last_documents
where sha256 in (select sha256 from touched_content)
union
select
    path,
    position
from gone_inputs
