-- Every run of a detector that an integrity document lists.
select
    run.arxiv_id,
    run.name as detector,
    run.version as detector_version,
    run.status,
    run.ran_at,
    run.findings_count,
    run.position,
    proof.proof,
    proof.sha256 as document_sha256
from staged_detectors as run
inner join proof using (doc)
