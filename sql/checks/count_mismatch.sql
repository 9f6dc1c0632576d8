-- A stated count is not the number of items held.
-- severity: warning
-- means: The count or the list was altered, or the list is cut.
-- do: Distrust the count; the tables hold every item that the document holds.
with claims_held as (
    select
        sha256,
        count(*) as held
    from staged_claims
    group by sha256
),

counts as (
    select
        sha256,
        pith_number,
        'current claims' as what,
        coalesce(claims_held.held, 0) as expected,
        claims_count as actual
    from staged_papers
    left join claims_held using (sha256)
    union all
    select
        sha256,
        pith_number,
        'inbound citations, at least' as what,
        inbound_sample_count as expected,
        inbound_citation_count as actual
    from staged_records
    where inbound_citation_count < inbound_sample_count
    union all
    select
        sha256,
        pith_number,
        'events of the state' as what,
        valid_event_count + invalid_event_count as expected,
        event_count as actual
    from staged_states
    union all
    select
        sha256,
        pith_number,
        'valid events of the state' as what,
        len(applied_event_ids) as expected,
        valid_event_count as actual
    from staged_states
    where equivocation_count = 0
    union all
    select
        sha256,
        pith_number,
        'invalid events of the state' as what,
        json_array_length(invalid_events) as expected,
        invalid_event_count as actual
    from staged_states
    union all
    select
        sha256,
        pith_number,
        'equivocations of the state' as what,
        json_array_length(equivocations) as expected,
        equivocation_count as actual
    from staged_states
)

select
    sha256,
    pith_number,
    'stated count of ' || what || ' is wrong' as message,
    expected,
    actual
from counts
where expected <> actual
