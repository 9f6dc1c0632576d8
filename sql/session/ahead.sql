-- The documents from which the next step of the closure starts: those that a link in `reached`
-- names and that are not in `touched` yet.
select distinct doc
from links
semi join reached using (link)
semi join known using (doc)
anti join touched using (doc)
