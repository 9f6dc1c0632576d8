-- Papers by how well their document is proven.
select
    proof,
    count(*) as papers,
    count(*) filter (where title_status = 'verified') as titles_verified,
    count(*) filter (where abstract_status = 'verified') as abstracts_verified
from papers
group by proof
order by
    list_position(['signed', 'receipt', 'partial', 'untrusted', 'unsigned', 'failed'], proof),
    proof
