-- What was found wrong, the worst first?
-- param: severity = ; only critical, error, warning or info; empty for all
select
    severity,
    code,
    sum(occurrences)::bigint as findings,
    count(distinct pith_number) as papers,
    min(path) as example_path,
    any_value(message) as message
from findings
where $severity in ('', severity)
group by severity, code
order by list_position(['critical', 'error', 'warning', 'info'], severity), findings desc, code
