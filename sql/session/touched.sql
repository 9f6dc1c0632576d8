-- The documents that changed or are gone.
select min(doc) as doc
from part_documents
where
    sha256 in (select sha256 from changed_inputs)
    or sha256 in (select sha256 from gone_inputs)
group by sha256
