-- The row of `runs` that tells of this build: what Python knows of it, and two counts.
select
    $run_id as run_id,
    $started_at::timestamp as started_at,
    $finished_at::timestamp as finished_at,
    $workers::bigint as workers,
    $sources::varchar[] as sources,
    (select count(*) from documents) as documents,
    $staged::bigint as staged,
    $refused::bigint as refused,
    $bytes::bigint as bytes,
    (select count(*) from papers) as papers,
    $critical::bigint as findings_critical,
    $error::bigint as findings_error,
    $warning::bigint as findings_warning,
    $info::bigint as findings_info,
    $inputs_sha256 as inputs_sha256,
    $keyring_sha256 as keyring_sha256,
    $version as version
