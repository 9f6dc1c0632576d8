-- The signatures that are not valid: few, and read by many checks.
from trusted
where status <> 'valid'
