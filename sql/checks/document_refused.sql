-- A Pith document, or what looks like one gone wrong, is refused.
-- severity: error
-- means: It is cut short, no JSON, ambiguous (duplicate keys, lone surrogates, numbers that
--   do not survive), over a limit, a field has another type, or it is wrapped (an array, an
--   envelope) or packed (zip, tar, gzip under a plain name). None of its content is in the tables.
-- do: Look at the place named; fetch the document again, or unpack it.
select
    path,
    position,
    pointer,
    'refused: ' || reason as message,
    pith_number
from documents
where status = 'refused'
