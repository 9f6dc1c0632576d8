-- Documents of different papers hold one event.
-- severity: error
-- means: An event is about one paper. A state drops the hashed paper, so anybody can list an event
--   in the state of another paper. The table follows the copy whose digest holds, else the
--   better-proven document. If the documents are equally proven, the table names no paper, and
--   the finding is on all of them.
-- do: Ask the registry for the bundle that holds the event; treat the states as altered.
with shared as (
    select event_id
    from staged_events
    group by event_id
    having min(coalesce(subject_pith_number, '')) <> max(coalesce(subject_pith_number, ''))
),

copies as (
    from staged_events
    semi join shared using (event_id)
)

select
    copy.doc,
    copy.pointer,
    copy.document_pith_number as pith_number,
    event.pith_number as expected,
    copy.subject_pith_number as actual
from copies as copy
-- proof: of documents that were read
semi join proof using (doc)
inner join events as event using (event_id)
where copy.subject_pith_number is distinct from event.pith_number
