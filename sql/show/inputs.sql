-- What was read, by source and container: the $most containers with most rows, the rest of them
-- together, and the files that stand for themselves. Before each stands how many containers it is.
with ranked as (
    select
        *,
        container is null as is_alone,
        row_number() over (
            partition by container is null
            order by rows desc, source, container
        ) as place
    from inputs
)

select
    if(count(*) = 1, any_value(source), null) as source,
    if(count(*) = 1, any_value(container), null) as container,
    if(is_alone, 0, count(*)) as containers,
    sum(files)::bigint as files,
    sum(rows)::bigint as rows,
    sum(documents)::bigint as documents,
    sum(refused)::bigint as refused,
    sum(unreadable)::bigint as unreadable,
    sum(unsupported)::bigint as unsupported,
    sum(not_pith)::bigint as not_pith,
    sum(skipped)::bigint as skipped,
    sum(stale)::bigint as stale
from ranked
group by
    is_alone,
    least(place, $most + 1)
order by
    is_alone desc,
    min(place)
