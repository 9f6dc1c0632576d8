-- Two documents of one paper hold different events, and neither holds all of the other's.
-- severity: warning
-- means: A document with fewer events may merely be older; this one has events that the
--   other lacks, and the reverse.
-- do: Compare the two documents; a mirror may have lost events.
with ids as (
    select distinct
        proof.pith_number,
        proof.doc,
        proof.rank,
        event.event_id
    from proof
    inner join staged_events as event using (doc)
    -- one without an id may be any event
    where not starts_with(event.event_id, 'unnamed:')
),

sets as (
    select
        pith_number,
        doc,
        rank,
        count(*) as held
    from ids
    group by pith_number, doc, rank
),

-- the best of those that hold events, which a record does not
best as (
    select *
    from sets
    qualify row_number() over (partition by pith_number order by rank) = 1
),

-- each once, before all others join it: many documents may bear one id
best_ids as materialized (
    select
        best.pith_number,
        ids.event_id
    from best
    inner join ids using (doc)
),

common as (
    select
        ids.doc,
        count(*) as held
    from ids
    inner join best_ids using (pith_number, event_id)
    group by ids.doc
),

disagreeing as (
    select
        sets.doc,
        sets.pith_number,
        best.doc as best_doc
    from sets
    inner join best using (pith_number)
    left join common on sets.doc = common.doc
    where least(sets.held, best.held) > coalesce(common.held, 0)
),

shown as (
    select
        ids.doc,
        left(string_agg(ids.event_id, ', ' order by ids.event_id), 1000) as text
    from ids
    where
        ids.doc in (
            select doc from disagreeing
            union all
            select best_doc from disagreeing
        )
    group by ids.doc
)

select
    disagreeing.doc,
    disagreeing.pith_number,
    best.text as expected,
    other.text as actual
from disagreeing
inner join shown as best on disagreeing.best_doc = best.doc
inner join shown as other on disagreeing.doc = other.doc
