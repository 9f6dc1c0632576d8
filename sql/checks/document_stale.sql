-- A document cannot be read, or does not parse any more; its last good rows are kept.
-- severity: warning
-- means: The present content cannot be read as a Pith document, or the archive before it or the
--   directory above it cannot be read. The tables keep the content of the last build that read it.
-- do: Look at the reason; fetch the document again, or remove the file to drop its rows.
select
    path,
    position,
    pointer,
    reason as message,
    pith_number
from documents
where stale
