-- The signatures that are not valid. They are few, and many checks read them.
from signature_statuses
where status not in ('valid', 'digest_unproven')
