-- Findings
select
    severity,
    code,
    message,
    path,
    position,
    pointer,
    expected,
    actual
from findings
where pith_number = $number
order by list_position(['critical', 'error', 'warning', 'info'], severity), code, path, position, pointer
