-- The inputs of the last snapshot that are gone or different in this build.
from last_inputs
except
from new_inputs
