-- The inputs whose documents are in one range, with the number that decides in which.
select
    inputs.*,
    document.pith_number
from inputs
left join part_documents as document using (doc)
anti join fresh using (doc)
