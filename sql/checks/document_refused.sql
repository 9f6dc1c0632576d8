-- A Pith document, or what looks like one gone wrong, is refused.
-- severity: error
-- means: The document is cut short, not JSON, ambiguous (duplicate keys, lone surrogates, numbers
--   that do not survive), over a limit, has a field of another type, is wrapped (an array, an
--   envelope), is packed in a way that is not read, or is a member of an archive with a forbidden
--   name. The tables hold no content of it.
-- do: Look at the place named; fetch the document again, or unpack it.
select
    path,
    position,
    pointer,
    'refused: ' || reason as message,
    pith_number
from documents
where status = 'refused'
