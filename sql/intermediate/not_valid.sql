-- The signatures in which something is wrong: few, and read by many checks.
from signature_statuses
where status not in ('valid', 'digest_unproven')
