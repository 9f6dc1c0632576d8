-- Findings by code, the gravest first. The query counts distinct hashes: they fit into memory, and
-- millions of paths do not.
select
    severity,
    code,
    sum(occurrences)::bigint as findings,
    count(distinct hash(path, position)) as documents,
    count(distinct hash(pith_number)) filter (where pith_number is not null) as papers
from findings
group by severity, code
order by
    list_position(['critical', 'error', 'warning', 'info'], severity),
    findings desc,
    code
