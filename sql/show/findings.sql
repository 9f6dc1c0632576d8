-- Findings
with proven as (
    select
        path,
        position
    from documents
    where pith_number = $number and vouched(proof)
)

select
    finding.severity,
    finding.code,
    finding.message,
    finding.path,
    finding.position,
    finding.pointer,
    finding.expected,
    finding.actual,
    finding.occurrences
from findings as finding
left join proven using (path, position)
where finding.pith_number = $number
order by
    proven.path is null,
    list_position(['critical', 'error', 'warning', 'info'], finding.severity),
    finding.code,
    finding.path,
    finding.position,
    finding.occurrences,
    finding.pointer
