-- Two statements on one finding of a detector disagree.
-- severity: warning
-- means: They have one evidence_hash, and another paper, detector, finding_type or severity. The table
--   follows the one that counts more.
-- do: Compare the documents; one of them was altered, or the finding was revised.
with stated as (
    select
        doc,
        pointer,
        finding_id,
        concat_ws(' ', arxiv_id, detector, finding_type, severity) as said
    from integrity_statements
    -- a withdrawal need not repeat what was found
    where verdict_class is distinct from 'rescinded'
)

select
    stated.doc,
    stated.pointer,
    concat_ws(
        ' ',
        finding.arxiv_id,
        finding.detector,
        finding.finding_type,
        finding.severity
    ) as expected,
    stated.said as actual
from stated
inner join integrity_findings as finding using (finding_id)
where expected <> actual and not coalesce(finding.verdict_class = 'rescinded', false)
