-- A file or directory cannot be read.
-- severity: error
-- means: It may be missing its permissions, have vanished during the run, or be a broken
--   archive, or one over a limit.
-- do: Mend the permissions or the file, and build again.
select
    path,
    position,
    'cannot be read: ' || reason as message
from documents
where status = 'unreadable'
