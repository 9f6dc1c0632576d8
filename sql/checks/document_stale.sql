-- A document does not parse any more; its last good rows are kept.
-- severity: warning
-- means: The file is there, but what it holds now cannot be read as a Pith document. The tables
--   still tell its content of the last build at which it could.
-- do: Look at the reason; fetch the document again, or remove the file to drop its rows.
select
    path,
    position,
    pointer,
    reason as message,
    pith_number
from documents
where stale
