-- What detectors found, by detector and severity. A stranger can invent detectors: the first 50.
select
    detector,
    severity,
    count(*) filter (not rescinded) as standing,
    count(*) filter (rescinded) as withdrawn,
    -- a pinned key signed a finding of that paper; of an integrity event nobody can say which
    count(*) filter (signature_status in ('valid', 'digest_unproven')) as signed,
    count(distinct arxiv_id) as papers
from integrity_findings
group by detector, severity
order by
    standing desc,
    list_position(['critical', 'advisory', 'informational'], severity),
    detector,
    severity
limit 50
