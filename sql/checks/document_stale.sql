-- A document cannot be read, or does not parse any more; its last good rows are kept.
-- severity: warning
-- means: What stands there now cannot be read as a Pith document, or the archive before it or the
--   directory above it cannot. The tables still tell its content of the last build that could.
-- do: Look at the reason; fetch the document again, or remove the file to drop its rows.
select
    path,
    position,
    pointer,
    reason as message,
    pith_number
from documents
where stale
