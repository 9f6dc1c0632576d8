-- The documents of the papers in `reached`: those that changed, and all that are linked to them.
select document.doc
from part_documents as document
semi join known using (doc)
semi join reached on coalesce(document.pith_number, document.sha256) = reached.holder
