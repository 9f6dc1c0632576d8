-- The files as the next build will find them in `old_files`: those whose stamp can be trusted.
-- $trusted: those modified later may change again unnoticed, in nanoseconds since 1970.
select
    path,
    size,
    modified_ns,
    inode
from current_files
where modified_ns < $trusted
