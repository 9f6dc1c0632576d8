-- The last runs up to the snapshot's own, the newest first. The table may hold later runs, from
-- before a rollback or from a clock that was ahead.
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
where run_id <= getvariable('snapshot')
order by run_id desc
limit 30
