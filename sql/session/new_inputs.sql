-- The inputs of this build, with what their rows in `documents` tell of them.
select
    path,
    position,
    bytes,
    sha256,
    status,
    reason,
    place,
    stale
from inputs
