-- The keys of the numbers whose findings by the checks of all documents are not those of the last
-- snapshot.
-- `published` are the last snapshot's.
select distinct number_key(pith_number)
from (
    (from whole_findings except from published)
    union all
    (from published except from whole_findings)
)
