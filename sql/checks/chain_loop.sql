-- A chain of events in a bundle returns to where it started.
-- severity: error
-- means: An id is a digest over the link before it, so that no loop can be made of events
--   whose digests hold: an id in it was altered.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    doc,
    pointer,
    expected,
    actual,
    occurrences
from staged_problems
where code = 'chain_loop'
