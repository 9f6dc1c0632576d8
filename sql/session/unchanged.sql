-- The files that need not be read: their stamp is unchanged, and staging still holds all that
-- they held.
-- $rescan takes no file as unchanged; $judged tells that this program would refuse what was
-- refused unread.
select path
from current_files
semi join old_files using (path, size, modified_ns, inode, tag)
anti join (
    -- what stands within a file is named by it and a `!`
    select split_part(old.path, '!', 1) as path
    from old_documents as old
    left join part_documents as part using (sha256)
    -- permissions may have changed, which no stamp tells
    where
        old.status = 'unreadable'
        or (old.sha256 is not null and part.doc is null)
        or (old.sha256 is null and not $judged)
) using (path)
where not $rescan
