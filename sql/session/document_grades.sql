-- How well each document is proven, by `proof_levels`.
select distinct
    live.doc,
    live.sha256,
    proof_levels.grade
from documents
inner join live using (sha256)
inner join proof_levels using (proof)
