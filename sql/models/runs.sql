-- Every build up to this one that a kept snapshot records.
from earlier_runs
union
from this_run
