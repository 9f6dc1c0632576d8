-- The inputs that the last snapshot did not have as they are.
from new_inputs
except
from last_inputs
