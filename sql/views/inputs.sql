-- What was read and what became of it, for each source and each container in it: an archive, or a
-- file of many documents. Every row of `documents` counts once, in one of the columns by status.
with given as (
    select unnest(arg_max(sources, run_id)) as source
    from runs
),

-- without those below another, whose files stand below both
sources as (
    select given.source
    from given
    anti join given as above
        on
            given.source <> above.source
            and ends_with(above.source, '/')
            and starts_with(given.source, above.source)
),

files as (
    select
        split_part(path, '!', 1) as file,
        count(*) > 1 or contains(any_value(path), '!') as holds_many
    from documents
    group by file
),

-- what sorts last before a file is the source that it stands in
located as (
    select
        files.file,
        if(
            sources.source = files.file or starts_with(files.file, sources.source),
            sources.source,
            null
        ) as source,
        if(files.holds_many, files.file, null) as container
    from files
    asof left join sources on files.file >= sources.source
),

rows_of as (
    select
        located.source,
        located.container,
        located.file,
        document.status,
        document.stale,
        document.reason
    from documents as document
    inner join located on split_part(document.path, '!', 1) = located.file
),

reasons as (
    select
        source,
        container,
        status || ': ' || coalesce(reason, 'no reason is known') as reason,
        count(*) as rows
    from rows_of
    where status <> 'ok'
    group by all
),

-- the most frequent ones
told as (
    select
        source,
        container,
        list(rows || ' ' || reason order by rows desc, reason)[:10] as why
    from reasons
    group by source, container
)

select
    rows_of.source,
    rows_of.container,
    count(distinct rows_of.file) as files,
    count(*) as rows,
    count(*) filter (where rows_of.status = 'ok') as documents,
    count(*) filter (where rows_of.status = 'refused') as refused,
    count(*) filter (where rows_of.status = 'unreadable') as unreadable,
    count(*) filter (where rows_of.status = 'unsupported') as unsupported,
    count(*) filter (where rows_of.status = 'not_pith') as not_pith,
    count(*) filter (where rows_of.status = 'skipped') as skipped,
    count(*) filter (where rows_of.stale) as stale,
    coalesce(any_value(told.why), []) as why
from rows_of
left join told
    on
        rows_of.source is not distinct from told.source
        and rows_of.container is not distinct from told.container
group by rows_of.source, rows_of.container
