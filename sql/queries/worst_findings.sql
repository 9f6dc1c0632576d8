-- What was found wrong, the worst first?
-- param: severity = ; only critical, error, warning or info; empty for all
select
    severity,
    code,
    cast(sum(occurrences) as bigint) as findings,
    count(distinct pith_number) as papers,
    min(path) as example_path,
    min(message) as message
from findings
where $severity in ('', severity)
group by severity, code
order by
    case severity when 'critical' then 1 when 'error' then 2 when 'warning' then 3 else 4 end,
    findings desc,
    code
