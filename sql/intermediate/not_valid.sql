-- The signatures that are not valid: few, and read by many checks.
from signature_statuses
where status <> 'valid'
