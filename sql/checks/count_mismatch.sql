-- A stated count is not the number of items held.
-- severity: warning
-- means: The count or the list was altered, or the list is cut.
-- do: Distrust the count; the tables hold every item that the document holds.
with claims_held as (
    select
        doc,
        count(*) as held
    from staged_claims
    group by doc
),

states as (
    select
        *,
        case when embedded then '/state' else '' end as place
    from staged_states
),

counts as (
    select
        paper.doc,
        paper.pith_number,
        paper.graph_pointer || '/claims/count' as pointer,
        'current claims' as what,
        coalesce(claims_held.held, 0) as expected,
        paper.claims_count as actual
    from staged_papers as paper
    left join claims_held using (doc)
    union all
    select
        doc,
        pith_number,
        '/inbound_citations/count' as pointer,
        'inbound citations, at least' as what,
        inbound_sample_count as expected,
        inbound_citation_count as actual
    from staged_records
    where inbound_citation_count < inbound_sample_count
    union all
    select
        doc,
        pith_number,
        place || '/event_count' as pointer,
        'events of the state' as what,
        -- stated numbers may be as large as a BIGINT goes: their sum is not
        valid_event_count::hugeint + invalid_event_count as expected,
        event_count as actual
    from states
    union all
    select
        doc,
        pith_number,
        place || '/valid_event_count' as pointer,
        'valid events of the state' as what,
        len(applied_event_ids) as expected,
        valid_event_count as actual
    from states
    where equivocation_count = 0
    union all
    select
        doc,
        pith_number,
        place || '/invalid_event_count' as pointer,
        'invalid events of the state' as what,
        json_array_length(invalid_events) as expected,
        invalid_event_count as actual
    from states
    union all
    select
        doc,
        pith_number,
        place || '/equivocation_count' as pointer,
        'equivocations of the state' as what,
        json_array_length(equivocations) as expected,
        equivocation_count as actual
    from states
)

select
    doc,
    pith_number,
    pointer,
    'stated count of ' || what || ' is wrong' as message,
    expected,
    actual
from counts
where expected <> actual
