-- Which papers have documents that disagree, and which document do the tables follow?
-- param: paper = ; only the papers that this identifier names; empty for all
-- only DuckDB: it calls the macro `resolve`, and makes lists
with disagreeing as (
    select
        pith_number,
        list(distinct code order by code) as codes,
        list(distinct path order by path) as paths
    from findings
    where
        code in (
            'aliases_disagree',
            'canonical_records_disagree',
            'event_ids_disagree',
            'events_disagree',
            'state_differs'
        )
    group by pith_number
)

select
    disagreeing.pith_number,
    paper.title,
    disagreeing.codes,
    followed.path as followed_path,
    followed.position as followed_position,
    paper.proof,
    disagreeing.paths as disagreeing_paths
from disagreeing
inner join papers as paper using (pith_number)
left join documents as followed on paper.document_sha256 = followed.sha256
where $paper = '' or disagreeing.pith_number in (from resolve($paper))
order by disagreeing.pith_number, followed.path, followed.position
