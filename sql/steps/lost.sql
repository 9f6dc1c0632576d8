-- How many documents the last snapshot held, and how many of them vanished or fail.
-- `last` are those documents.
with lost as (
    select last.path
    from last
    left join inputs as found using (path, position)
    where
        found.status is distinct from 'ok'
        and not coalesce(last.stale and found.stale, false)
        and last.sha256 not in (select sha256 from inputs where status = 'ok')
)

select
    (select count(*) from last),
    (select count(*) from lost)
