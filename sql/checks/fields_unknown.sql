-- A document has fields without a column of their own.
-- severity: info
-- means: The format grew, or somebody added to it. Every such field is kept in
--   documents.extra.
-- do: Nothing; if it recurs, ask for a column.
select
    path,
    position,
    extra_count || ' fields without a column, kept in documents.extra' as message,
    json_keys(extra)[1] as pointer,
    pith_number
from documents
where extra_count > 0
