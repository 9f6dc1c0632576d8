-- The paper that each arXiv id means. An id names a version, or else means the latest. Only versions
-- that a receipt vouches for count, because anybody can claim an id.
select
    alias.value as arxiv_id,
    -- null would sort as the greatest version
    arg_max(
        alias.pith_number,
        (paper.source_version is not null, paper.source_version, alias.pith_number)
    ) as pith_number
from aliases as alias
inner join papers as paper using (pith_number)
where
    alias.kind in ('arxiv', 'arxiv_version')
    and alias.well_formed
    and vouched(paper.proof)
group by alias.value
