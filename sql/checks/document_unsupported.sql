-- A Pith document of a kind that has no tables yet.
-- severity: info
-- means: Integrity documents are recognised and listed, but not flattened.
-- do: Nothing.
select
    path,
    position,
    reason as message
from documents
where status = 'unsupported'
