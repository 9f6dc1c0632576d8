-- The last runs, the newest first.
select
    run_id,
    started_at,
    finished_at,
    epoch(finished_at - started_at) as seconds,
    workers,
    sources,
    documents,
    staged,
    refused,
    bytes,
    papers,
    findings_critical,
    findings_error,
    findings_warning,
    findings_info,
    version
from runs
order by run_id desc
limit 30
