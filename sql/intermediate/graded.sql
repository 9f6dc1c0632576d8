-- How well each document is proven, by `grades`: one that is modelled anew as `proof` has it, one
-- that is kept as the last snapshot has it.
select
    doc,
    sha256,
    grade
from proof
union
select
    live.doc,
    kept.sha256,
    grades.grade
from kept_documents as kept
inner join live using (sha256)
inner join grades using (proof)
