-- How well each document is proven, by `proof_levels`. One that is modelled anew is graded as in
-- `proof`, and one that is kept as in the last snapshot.
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
