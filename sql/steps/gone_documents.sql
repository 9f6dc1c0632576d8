-- How many documents of the last build stood in files that are gone or must be read again.
select count(*)
from old_documents
where split_part(path, '!', 1) not in (from unchanged)
