-- How many documents stood in a file that is gone, or must be read again.
select count(*)
from old_documents
where split_part(path, '!', 1) not in (from unchanged)
