-- Every work: the versions of one source id together, the newest first.
select
    source_kind,
    source_id,
    count(*) as version_count,
    arg_max(pith_number, (source_version, pith_number)) as latest_pith_number,
    max(source_version) as latest_version,
    arg_max(title, (source_version, pith_number)) as title,
    arg_max(primary_cat, (source_version, pith_number)) as primary_cat,
    min(submitted_at) as first_submitted_at,
    max(submitted_at) as last_submitted_at,
    list(source_version order by source_version desc, pith_number desc) as versions,
    list(pith_number order by source_version desc, pith_number desc) as pith_numbers
from papers
group by source_kind, source_id
