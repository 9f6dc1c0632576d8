-- The paper
select
    paper.* replace (paper.other_documents[1 : $rows] as other_documents),
    len(paper.other_documents) as other_documents_count,
    trust.trust,
    trust.why as trust_reason
from papers as paper
inner join trust using (pith_number)
where paper.pith_number = $number
