-- A Pith document of a schema that has no tables yet.
-- severity: info
-- means: Its schema is newer than this program, or of another kind of document.
-- do: Look for a newer version of this program.
select
    path,
    position,
    reason as message
from documents
where status = 'unsupported'
