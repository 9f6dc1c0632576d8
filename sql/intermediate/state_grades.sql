-- One row a paper with a state: the grade of the best-proven document that has one.
select
    proof.pith_number,
    max(proof.grade) as grade
from staged_states as state
inner join proof using (doc)
where proof.eligible
group by proof.pith_number
