-- Who writes papers together most often?
-- param: author = ; only pairs with this author, as papers write the name; empty for all
-- param: most = 100; leave out works of more authors: each pair of them is a row
-- param: rows = 20; how many to show
with works_of as (
    -- the versions of one work count once; that somebody is an author only a bundle proves
    select
        author.name,
        paper.source_kind,
        paper.source_id,
        max(author.proof = 'signed') as signed
    from authors as author
    inner join papers as paper using (pith_number)
    where
        author.pith_number in (
            select pith_number
            from authors
            group by pith_number
            having count(*) <= cast($most as bigint) and ($author = '' or max(name = $author))
        )
    group by author.name, paper.source_kind, paper.source_id
)

select
    one.name as author,
    other.name as co_author,
    count(*) as works,
    count(*) filter (where one.signed and other.signed) as signed_works
from works_of as one
inner join works_of as other
    on one.source_kind = other.source_kind and one.source_id = other.source_id
where one.name < other.name and $author in ('', one.name, other.name)
group by one.name, other.name
order by works desc, author, co_author
limit cast($rows as bigint)
