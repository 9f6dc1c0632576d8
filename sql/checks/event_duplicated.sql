-- A bundle holds one event twice.
-- severity: warning
-- means: Nothing is lost, but a merge that counts it twice is wrong.
-- do: Fetch the bundle again.
select
    doc,
    max_by(pointer, position) as pointer,
    any_value(document_pith_number) as pith_number,
    event_id as actual
from staged_events
group by doc, event_id
having count(*) > 1
