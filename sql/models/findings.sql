-- What the checks found. A finding on the content of a document is listed at each place where the
-- document was found, for the first $max_places places. At the other places one row for each code
-- sums them up. If a check gives no message, its first line is the message.
with located as (
    select found.* replace (coalesce(found.doc, live.doc) as doc)
    from found
    left join live on found.sha256 = live.sha256
),

crowded as (
    select doc
    from inputs
    where doc in (select doc from located)
    group by doc
    having count(*) > $max_places
),

places as (
    select inputs.doc, inputs.path, inputs.position, true as listed
    from inputs
    semi join located using (doc)
    anti join crowded using (doc)
    union all
    select
        inputs.doc,
        inputs.path,
        inputs.position,
        row_number() over (partition by doc order by path, position) <= $max_places as listed
    from inputs
    semi join crowded using (doc)
),

-- one row for all findings of a code on one content
summed as (
    select
        severity,
        code,
        doc,
        if(count(*) = 1, min(pointer), null) as pointer,
        if(
            count(*) = 1,
            min(message),
            sum(occurrences)::bigint || ' findings, as at other places of this content'
        ) as message,
        if(count(*) = 1, min(expected), null) as expected,
        if(count(*) = 1, min(actual), null) as actual,
        -- null, the document's own paper, if they are on several
        same_in_all(pith_number) as pith_number,
        sum(occurrences)::bigint as occurrences
    from located
    semi join crowded using (doc)
    group by severity, code, doc
),

spread as (
    select
        located.* exclude (path, position),
        coalesce(located.path, places.path) as path,
        coalesce(located.position, places.position) as position
    from located
    left join places on located.doc = places.doc and places.listed
    union all by name
    select summed.*, places.path, places.position
    from summed
    inner join places using (doc)
    where not places.listed
)

select distinct
    spread.severity,
    spread.code,
    spread.path,
    spread.position,
    spread.pointer,
    coalesce(spread.message, promises.promise) as message,
    spread.expected,
    spread.actual,
    coalesce(spread.pith_number, document.pith_number) as pith_number,
    spread.occurrences
from spread
inner join promises using (code)
left join part_documents as document using (doc)
