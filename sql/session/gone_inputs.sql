-- The inputs that the last snapshot had, as it had them, and this build has not.
from last_inputs
except
from new_inputs
