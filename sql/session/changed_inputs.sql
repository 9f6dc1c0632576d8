-- The inputs that are new or different since the last snapshot.
from new_inputs
except
from last_inputs
