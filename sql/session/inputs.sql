-- Every document with its status, and the last good content of a stale one. A document is stale if
-- it no longer parses, if its file cannot be read up to it, or if its directory cannot be listed.
-- $unlisted is how the reason begins where a directory cannot be listed.
with contents as (
    select
        sha256,
        any_value(status) as status,
        any_value(reason) as reason,
        any_value(place) as place,
        -- content that two parts hold counts once
        min(doc) as doc
    from part_documents
    group by sha256
),

judged as (
    select
        listed.path,
        listed.position,
        listed.bytes,
        listed.sha256,
        coalesce(listed.status, contents.status) as status,
        coalesce(listed.reason, contents.reason) as reason,
        contents.place,
        contents.doc
    from listed
    left join contents using (sha256)
),

kept as (
    select
        old.path,
        old.position,
        old.good_sha256,
        contents.doc
    from old_documents as old
    inner join contents on old.good_sha256 = contents.sha256
),

broken as (
    select
        path,
        min(position) as position,
        min_by(reason, position) as reason
    from judged
    where status = 'unreadable'
    group by path
),

hidden as (
    select
        kept.path,
        kept.position,
        null::bigint as bytes,
        null::varchar as sha256,
        'unreadable' as status,
        broken.reason,
        null::varchar as place,
        null::bigint as doc
    from kept
    inner join broken using (path)
    where kept.position > broken.position
),

directories as (
    select
        path || '/' as prefix,
        -- the first that sorts after all that is below it: '0' comes after '/'
        path || '0' as behind,
        reason
    from judged
    where status = 'unreadable' and starts_with(reason, $unlisted)
),

archives as (
    select
        path || '!' as prefix,
        -- '"' comes after '!'
        path || '"' as behind,
        min_by(reason, position) as reason
    from judged
    where status in ('refused', 'unreadable', 'not_pith')
    group by path
),

-- without those below another, as of two sources: the last one before a path is the only one
-- that it can be below
outermost as (
    select
        prefix,
        reason
    from (from directories union all from archives)
    window earlier as (order by prefix rows between unbounded preceding and 1 preceding)
    qualify prefix >= coalesce(max(behind) over earlier, '')
),

beyond as (
    select
        missing.path,
        missing.position,
        null::bigint as bytes,
        null::varchar as sha256,
        'unreadable' as status,
        outermost.reason,
        null::varchar as place,
        null::bigint as doc
    from (from kept anti join judged using (path)) as missing
    asof inner join outermost on missing.path >= outermost.prefix
    where starts_with(missing.path, outermost.prefix)
),

everything as (
    from judged
    union all
    from hidden
    union all
    from beyond
)

select
    everything.path,
    everything.position,
    everything.bytes,
    coalesce(kept.good_sha256, everything.sha256) as sha256,
    everything.status,
    everything.reason,
    everything.place,
    kept.good_sha256 is not null as stale,
    everything.sha256 as found_sha256,
    coalesce(kept.doc, everything.doc) as doc
from everything
left join kept
    on
        everything.path = kept.path
        and everything.position = kept.position
        and everything.status in ('refused', 'unreadable', 'not_pith')
