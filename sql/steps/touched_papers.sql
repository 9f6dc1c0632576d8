-- The papers of the touched documents, by the names that `ties` gives them.
select distinct coalesce(pith_number, sha256)
from part_documents
semi join touched using (doc)
