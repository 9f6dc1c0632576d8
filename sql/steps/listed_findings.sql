-- What one check finds: the first $max_listed findings of each document, and a row that counts the
-- others. `one_check` are the rows of the check.
with given as materialized (
    select distinct * replace (coalesce(occurrences, 1) as occurrences)
    from one_check
),

-- only the documents with too many findings are ranked: they are few
crowded as (
    select doc, sha256, path, position
    from given
    group by all
    having count(*) > $max_listed
),

judged as (
    select given.*, crowded.crowd is not null as crowded
    from given
    left join (select *, true as crowd from crowded) as crowded
        on given.doc is not distinct from crowded.doc
        and given.sha256 is not distinct from crowded.sha256
        and given.path is not distinct from crowded.path
        and given.position is not distinct from crowded.position
),

ranked as (
    select
        * exclude (crowded),
        row_number() over (
            partition by doc, sha256, path, position
            -- the rows by which staging counts others come last
            order by occurrences, pointer, message, expected, actual, pith_number
        ) as place
    from judged
    where crowded
)

select * exclude (crowded) from judged where not crowded
union all by name
select * exclude (place) from ranked where place <= $max_listed
union all by name
select
    doc,
    sha256,
    path,
    position,
    sum(occurrences)::bigint || ' more like these' as message,
    -- null, the document's own paper, if they are on several
    same_in_all(pith_number) as pith_number,
    sum(occurrences)::bigint as occurrences
from ranked
where place > $max_listed
group by doc, sha256, path, position
