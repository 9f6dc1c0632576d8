-- Findings by code, the gravest first.
select
    severity,
    code,
    count(*) as findings,
    count(distinct (path, position)) as documents,
    count(distinct pith_number) as papers
from findings
group by severity, code
order by
    list_position(['critical', 'error', 'warning', 'info'], severity),
    findings desc,
    code
