-- How well each document is proven, by `proof_levels`. The grade of a document to model comes from
-- `proof`, that of a kept one from the last snapshot.
select
    doc,
    sha256,
    grade
from proof
union
select
    live.doc,
    kept.sha256,
    proof_levels.grade
from kept_documents as kept
inner join live using (sha256)
inner join proof_levels using (proof)
