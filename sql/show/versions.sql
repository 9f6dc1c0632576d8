-- Other versions
select
    other.source_version as version,
    other.pith_number,
    other.submitted_at,
    other.title,
    other.proof
from papers as paper
inner join papers as other
    on paper.source_kind = other.source_kind and paper.source_id = other.source_id
where paper.pith_number = $number and other.pith_number <> $number
order by
    vouched(other.proof) desc,
    other.source_version desc,
    other.pith_number
