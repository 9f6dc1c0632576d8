-- The documents of a build that `verify` judges, each with its findings as a list.
with found as (
    select
        path,
        position,
        list((severity, code, pointer, message, expected, actual, occurrences)) as findings
    from findings
    group by path, position
)

select
    path,
    position,
    document.kind,
    document.pith_number,
    document.status,
    document.reason,
    document.proof,
    coalesce(document.kind in ('integrity', 'mirror_manifest'), false) as unprovable,
    -- what cannot be checked counts as right
    coalesce(document.digests_ok, unprovable)
    and coalesce(document.signatures_valid, unprovable) as proven,
    coalesce(found.findings, []) as findings
from documents as document
left join found using (path, position)
order by path, position
