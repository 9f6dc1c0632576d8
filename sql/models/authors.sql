-- The authors of each paper, split from their one text, for joins.
select
    paper.pith_number,
    author.position - 1 as position,
    author.name,
    paper.proof
from papers as paper
cross join
    unnest(string_split(paper.authors_text, ', ')) with ordinality as author (name, position)
where paper.authors_text <> ''
order by paper.pith_number, author.position
