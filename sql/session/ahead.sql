-- The documents at which the next step begins: after the first, those that `reached` leads to and
-- `touched` lacks.
select distinct doc
from links
semi join reached using (link)
semi join known using (doc)
anti join touched using (doc)
