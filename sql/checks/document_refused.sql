-- A Pith document, or what looks like one gone wrong, is refused.
-- severity: error
-- means: It is cut short, no JSON, ambiguous (duplicate keys, lone surrogates, numbers that
--   do not survive), over a limit, or a field has another type. None of its content is in
--   the tables.
-- do: Look at the place named; fetch the document again.
select
    path,
    position,
    pointer,
    'refused: ' || reason as message,
    pith_number
from documents
where status = 'refused'
