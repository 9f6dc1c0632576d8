-- Findings of detectors
select
    detector,
    finding_type,
    severity,
    rescinded,
    note,
    ref_index,
    signature_status,
    payload_status,
    audited_at,
    finding_id
from integrity_findings
where
    pith_number = $number
    or arxiv_id in (
        select alias.value
        from aliases as alias
        where
            alias.pith_number = $number
            and alias.kind in ('arxiv', 'arxiv_version')
            and alias.well_formed
    )
order by
    rescinded,
    signature_status = 'valid' desc nulls last,
    signature_status = 'digest_unproven' desc nulls last,
    list_position(['critical', 'advisory', 'informational'], severity),
    finding_id
