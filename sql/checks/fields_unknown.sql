-- A document has fields without a column of their own.
-- severity: info
-- means: The format grew, or somebody added to it. Every such field is kept in
--   documents.extra.
-- do: Nothing; if it recurs, ask for a column.
with unknown as (
    select
        path,
        position,
        pith_number,
        -- `@context` makes a record JSON-LD (docs/format.md)
        list_filter(json_keys(extra), lambda pointer: pointer <> '/@context') as pointers
    from documents
    where extra_count > 0
)

select
    path,
    position,
    len(pointers) || ' fields without a column, kept in documents.extra' as message,
    pointers[1] as pointer,
    pith_number
from unknown
where len(pointers) > 0
