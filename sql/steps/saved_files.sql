-- The files that the next build finds in `old_files`: those whose stamp can be trusted.
-- A file modified after $trusted (nanoseconds since 1970) may change again with the same stamp.
select
    path,
    size,
    modified_ns,
    inode,
    tag
from current_files
where modified_ns < $trusted
