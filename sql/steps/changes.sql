-- How many inputs are new, changed or gone, and how many of the new ones are not Pith documents.
-- `old` are the inputs of the last build, `new` those of this one, with the same columns.
select
    count(*) filter (where old.path is null),
    count(*) filter (
        where
            old is distinct from new
            and old.path is not null
            and new.path is not null
    ),
    count(*) filter (where new.path is null),
    (
        select count(*)
        from inputs
        anti join old using (path, position)
        where status in ('not_pith', 'skipped')
    )
from old
full outer join new using (path, position)
