-- The links of the documents in `ahead` that no step followed before.
select distinct link
from links
semi join ahead using (doc)
anti join followed using (link)
where link is not null
