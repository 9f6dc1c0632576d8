-- An integrity document counts other findings than it lists.
-- severity: warning
-- means: The summary, the count of a detector or the list was altered, or the list is cut. A document
--   may count withdrawn findings or leave them out.
-- do: Distrust the counts and the list; no signature covers them. The events are signed.
with listed as (
    select
        doc,
        severity,
        detector,
        verdict_class is not distinct from 'rescinded' as rescinded
    from staged_integrity
    where origin = 'listed'
),

reports as (
    select
        doc,
        header::json as header
    from staged_documents
    where kind = 'integrity'
),

by_detectors as (
    select
        doc,
        -- its keys are any texts, which no path could name
        unnest(
            map_entries(try_cast(header -> '$.summary.by_detector' as map(varchar, varchar)))
        ) as entry
    from reports
),

counts as (
    select
        doc,
        '/integrity/summary/' || severity as pointer,
        severity as of_what,
        null as of_whom,
        try_cast(json_extract_string(header, '$.summary.' || severity) as bigint) as counted
    from reports
    cross join (values ('critical'), ('advisory'), ('informational')) as severities (severity)
    union all
    select
        doc,
        '/integrity/summary/by_detector/'
        || replace(replace(entry.key, '~', '~0'), '/', '~1') as pointer,
        null as of_what,
        entry.key as of_whom,
        try_cast(entry.value as bigint) as counted
    from by_detectors
    union all
    select
        doc,
        '/integrity/detectors_run/' || position || '/findings_count' as pointer,
        null as of_what,
        name as of_whom,
        findings_count as counted
    from staged_detectors
),

held as (
    select
        counts.doc,
        counts.pointer,
        counts.counted,
        count(listed.doc) as everything,
        count(listed.doc) filter (not listed.rescinded) as standing
    from counts
    left join listed
        on
            counts.doc = listed.doc
            and (counts.of_what = listed.severity or counts.of_whom = listed.detector)
    where counts.counted is not null
    group by counts.doc, counts.pointer, counts.counted
)

select
    doc,
    pointer,
    standing as expected,
    counted as actual
from held
where counted not in (everything, standing)
union all
select
    reports.doc,
    '/integrity/clean' as pointer,
    false as expected,
    true as actual
from reports
semi join (from listed where severity = 'critical' and not rescinded) as critical using (doc)
where (reports.header -> '$.clean')::varchar = 'true'
