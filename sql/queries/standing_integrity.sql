-- Which findings of the registry on the integrity of papers still stand?
-- param: severity = ; only critical, advisory or informational; empty for all
select
    arxiv_id,
    paper_version,
    severity,
    finding_type,
    detector,
    verdict_class,
    note,
    audited_at,
    signature_status,
    payload_status,
    finding_id
from integrity_findings
where rescinded is distinct from true and $severity in ('', severity)
order by
    case severity when 'critical' then 1 when 'advisory' then 2 when 'informational' then 3 else 4 end,
    arxiv_id,
    audited_at,
    finding_id
