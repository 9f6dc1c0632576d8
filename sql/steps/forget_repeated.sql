-- Keep one of the files that several sources found.
delete from current_files
where
    rowid in (
        select rowid
        from current_files
        qualify row_number() over (partition by opened) > 1
    )
