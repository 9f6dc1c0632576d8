-- Every build up to this one, as far as the snapshots that are kept tell.
from earlier_runs
union
from this_run
