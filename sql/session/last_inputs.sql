-- The inputs of the last snapshot, with the columns of `new_inputs`.
select
    path,
    position,
    bytes,
    sha256,
    status,
    reason,
    pointer as place,
    stale
from last_documents
