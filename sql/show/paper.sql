-- The paper
select
    paper.*,
    trust.trust,
    trust.why as trust_reason
from papers as paper
inner join trust using (pith_number)
where paper.pith_number = $number
