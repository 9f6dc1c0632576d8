-- Which papers changed between the last two snapshots?
-- only DuckDB: it compares two snapshots
select
    pith_number,
    case
        when old.document_sha256 is null then 'added'
        when new.document_sha256 is null then 'gone'
        else 'changed'
    end as change,
    coalesce(new.title, old.title) as title,
    old.proof as proof_before,
    new.proof as proof_now,
    new.document_sha256
from papers as new
full outer join previous_papers as old using (pith_number)
where new.document_sha256 is distinct from old.document_sha256
order by change, pith_number
